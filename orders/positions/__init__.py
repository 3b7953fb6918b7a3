"""What is held, what is it worth by the market, what was held then, and is what is stored what was traded?"""
