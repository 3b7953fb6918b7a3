// How does the generator speak to its runner? One JSON object per line on standard output.
#pragma once

#include <cstdio>
#include <map>
#include <string>
#include <type_traits>

class JsonLine {
public:
    explicit JsonLine(const std::string& event) { add("event", event); }

    JsonLine& add(const std::string& name, const std::string& text) { return raw(name, quoted(text)); }

    template <typename Number, typename = std::enable_if_t<std::is_arithmetic_v<Number>>>
    JsonLine& add(const std::string& name, Number value) {
        if constexpr (std::is_integral_v<Number>) return raw(name, std::to_string(value));
        char digits[40];
        std::snprintf(digits, sizeof digits, "%.6g", static_cast<double>(value));
        return raw(name, digits);
    }

    JsonLine& add(const std::string& name, const std::map<std::string, double>& values) {
        std::string object;
        for (const auto& [key, value] : values) {
            char digits[40];
            std::snprintf(digits, sizeof digits, "%.6g", value);
            object += (object.empty() ? "" : ",") + quoted(key) + ":" + digits;
        }
        return raw(name, "{" + object + "}");
    }

    void say() const {
        std::printf("{%s}\n", body_.c_str());
        std::fflush(stdout);
    }

private:
    JsonLine& raw(const std::string& name, const std::string& value) {
        body_ += (body_.empty() ? "" : ",") + quoted(name) + ":" + value;
        return *this;
    }

    static std::string quoted(const std::string& text) {
        std::string shown = "\"";
        for (const char one : text) {
            if (one == '"' || one == '\\') shown += '\\';
            shown += static_cast<unsigned char>(one) < 0x20 ? ' ' : one;
        }
        return shown + "\"";
    }

    std::string body_;
};
