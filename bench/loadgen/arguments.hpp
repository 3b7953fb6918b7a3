// What was the generator asked to do? `--name value` pairs, each read once, by type; a wrong one ends it with a sentence.
#pragma once

#include <map>
#include <stdexcept>
#include <string>

struct BadArgument : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Arguments {
public:
    Arguments(int count, char** words) {
        for (int at = 0; at < count; at += 2) {
            const std::string name = words[at];
            if (name.rfind("--", 0) != 0 || at + 1 == count) throw BadArgument("expected --name value, got " + name);
            values_[name.substr(2)] = words[at + 1];
        }
    }

    std::string text(const std::string& name, const char* otherwise = nullptr) {
        const auto found = values_.find(name);
        if (found == values_.end()) {
            if (!otherwise) throw BadArgument("--" + name + " is missing");
            return otherwise;
        }
        std::string value = found->second;
        values_.erase(found);
        return value;
    }

    double number(const std::string& name, const char* otherwise, double least, double most) {
        const std::string value = text(name, otherwise);
        char* end = nullptr;
        const double read = std::strtod(value.c_str(), &end);
        if (value.empty() || *end || !(read >= least && read <= most))
            throw BadArgument("--" + name + " must be a number from " + std::to_string(least) + " to " + std::to_string(most));
        return read;
    }

    int whole(const std::string& name, const char* otherwise, int least, int most) {
        return static_cast<int>(number(name, otherwise, least, most));
    }

    void all_read() const {
        if (!values_.empty()) throw BadArgument("unknown: --" + values_.begin()->first);
    }

private:
    std::map<std::string, std::string> values_;
};
