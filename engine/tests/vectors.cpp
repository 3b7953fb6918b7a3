// Does the kit read and write every golden vector as docs/engine-link.md says? `vectors DIRECTORY`
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "decoders.hpp"

using namespace tmw;
using nlohmann::json;

static int checked = 0, failed = 0;

static void expect(bool holds, const json& vector, const std::string& what) {
  ++checked;
  if (holds) return;
  ++failed;
  std::cerr << vector.at("name").get<std::string>() << ": " << what << '\n';
}

/// A value as the vectors show it. Members of a struct, because they call one another whatever their order.
struct Shown {
  template <class Map>
  static json fields(const Map& map) {
    json shown = json::object();
    Map::each_field(map, [&](std::string_view name, const auto& member, const auto&...) {
      shown[std::string(name)] = value(member);
    });
    return shown;
  }

  static json value(const Uuid& id) { return to_text(id); }
  static json value(const Level& level) { return json::array({level.price_e8, level.size_e8}); }
  static json value(const std::string& text) { return text; }

  template <class Value>
  static json value(const std::optional<Value>& held) {
    return held ? value(*held) : json(nullptr);
  }

  template <class Value>
  static json value(const std::vector<Value>& list) {
    json items = json::array();
    for (const Value& item : list) items.push_back(value(item));
    return items;
  }

  template <class Value>
  static json value(const Value& held) {
    if constexpr (std::is_enum_v<Value>) {
      return word(held);
    } else if constexpr (std::is_class_v<Value>) {
      return fields(held);
    } else {
      return held;
    }
  }
};

template <class Union>
json shown_message(const Result<Union>& read) {
  if (!read.ok()) return word(read.fault().reason);
  const auto show = [](const auto& message) {
    json fields = Shown::fields(message);
    fields["type"] = message.tag;
    return fields;
  };
  return std::visit(show, read.value());
}

template <class Row>
json shown_batch(const FrameViews& frames) {
  const auto rows = decode_batch<Row>(frames);
  return rows.ok() ? Shown::value(rows.value()) : json(word(rows.fault().reason));
}

/// The fields that the vector's reader finds in the frames, or the reason why it refuses them.
static json decoded(const std::string& decoder, const FrameViews& frames) {
  if (decoder == "to_engine") return shown_message(decode_to_engine(frames));
  if (decoder == "from_engine") return shown_message(decode_from_engine(frames));
  if (decoder == "query") return shown_message(decode_query(frames));
  if (decoder == "query_reply") return shown_message(decode_query_reply(frames));
  if (decoder == "bar") return shown_message(decode_bar(frames));
  if (decoder == "quotes") return shown_batch<Quote>(frames);
  if (decoder == "trades") return shown_batch<Trade>(frames);
  if (decoder == "depth") return shown_batch<Depth>(frames);
  const auto read = decode_published(frames);
  return read.ok() ? shown_message(Result<Published>(read.value().message)) : json(word(read.fault().reason));
}

static json vectors_in(const std::string& directory, const std::string& name) {
  std::ifstream file(directory + "/" + name);
  return json::parse(file);
}

static Frames frames_of(const json& vector) {
  return {tests::of_hex(vector.at("envelope").get<std::string>()),
          tests::of_hex(vector.at("payload").get<std::string>())};
}

static void check_sound(const json& vector) {
  const std::string decoder = vector.at("decoder");
  const Frames frames = frames_of(vector);
  const FrameViews views{frames.envelope, frames.payload};
  expect(decoded(decoder, views) == vector.at("decoded"), vector, "reads other fields");
  const auto written = tests::read_and_write(decoder, views);
  expect(written.ok() && written.value().payload == frames.payload, vector, "writes another payload");
  expect(written.ok() && written.value().envelope == frames.envelope, vector, "writes another envelope");
}

static void check_tolerated(const json& vector, const json& messages) {
  const Frames frames = frames_of(vector);
  for (const json& message : messages)
    if (message.at("name") == vector.at("means"))
      expect(decoded(vector.at("decoder"), {frames.envelope, frames.payload}) == message.at("decoded"), vector,
             "means something else");
}

static void check_malformed(const json& vector) {
  std::vector<std::string> frames;
  for (const std::string hex : vector.at("frames")) frames.push_back(tests::of_hex(hex));
  const json found = decoded(vector.at("decoder"), FrameViews(frames.begin(), frames.end()));
  expect(found == vector.at("reason"), vector, "is taken as " + found.dump());
}

int main(int count, char** arguments) {
  const std::string directory = count > 1 ? arguments[1] : "bridge/wire/vectors";
  const json messages = vectors_in(directory, "messages.json");
  for (const json& vector : messages) check_sound(vector);
  for (const json& vector : vectors_in(directory, "market.json")) check_sound(vector);
  for (const json& vector : vectors_in(directory, "tolerated.json")) check_tolerated(vector, messages);
  for (const json& vector : vectors_in(directory, "malformed.json")) check_malformed(vector);
  std::cout << checked << " checked, " << failed << " failed\n";
  return failed == 0 && checked > 0 ? 0 : 1;
}
