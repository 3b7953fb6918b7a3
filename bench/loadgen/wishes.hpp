// Which symbols does each socket follow, and which is the one that an item names?
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// Symbols without repetition; the n-th is wanted with weight 1/n^zipf.
class Wishes {
public:
    // Each socket wants `count` of the `names`.
    Wishes(const std::vector<std::string>& names, int count, double zipf, int seed)
        : names_(names.begin(), names.end()), count_(count), zipf_(zipf), random_(static_cast<uint32_t>(seed)) {
        for (const std::string& name : names_) numbers_.emplace(name, static_cast<int>(numbers_.size()));
    }

    // `<prefix>001` …
    static std::vector<std::string> numbered(const std::string& prefix, int universe) {
        std::vector<std::string> names;
        for (int number = 1; number <= universe; ++number) {
            std::string digits = std::to_string(number);
            if (digits.size() < 3) digits.insert(0, 3 - digits.size(), '0');
            names.push_back(prefix + digits);
        }
        return names;
    }

    // `A,B,C`
    static std::vector<std::string> listed(const std::string& names) {
        std::vector<std::string> found;
        std::istringstream words(names);
        for (std::string word; std::getline(words, word, ',');)
            if (!word.empty()) found.push_back(word);
        return found;
    }

    std::vector<int> next() {
        std::uniform_real_distribution<double> uniform(1e-12, 1);
        std::vector<std::pair<double, int>> waits;
        for (int number = 0; number < static_cast<int>(names_.size()); ++number)
            waits.emplace_back(-std::log(uniform(random_)) * std::pow(number + 1, zipf_), number);
        std::partial_sort(waits.begin(), waits.begin() + count_, waits.end());
        std::vector<int> chosen;
        for (int rank = 0; rank < count_; ++rank) chosen.push_back(waits[rank].second);
        return chosen;
    }

    std::string as_json(const std::vector<int>& chosen) const {
        std::string list;
        for (const int number : chosen) list += (list.empty() ? "\"" : ",\"") + names_[number] + '"';
        return "[" + list + "]";
    }

    // -1 for a symbol that nobody could have asked for.
    int number_of(std::string_view symbol) const {
        const auto found = numbers_.find(symbol);
        return found == numbers_.end() ? -1 : found->second;
    }

private:
    const std::deque<std::string> names_;  // never moves: the views below point into it
    const int count_;
    const double zipf_;
    std::mt19937 random_;
    std::unordered_map<std::string_view, int> numbers_;
};
