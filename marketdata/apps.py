from django.apps import AppConfig


class MarketdataConfig(AppConfig):
    name = "marketdata"
    verbose_name = "Market data"

    def ready(self) -> None:
        from marketdata.facts import need_symbol_data
        from marketdata.selectors import instrument_symbol
        from notifications.alerts.symbols import sight_check_register, symbol_check_register

        symbol_check_register(instrument_symbol)
        sight_check_register(need_symbol_data)
