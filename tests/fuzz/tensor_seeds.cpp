// Safetensors files, checkpoints and stored stages.
#include "expunge/io/stage_store.hpp"
#include "expunge/nn/conv_net.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/train/checkpoint.hpp"
#include "fuzz/seed_bytes.hpp"
#include "fuzz/seeds.hpp"

namespace expunge::fuzz {

namespace {

using SmallMlp = Mlp<3, 4, 2>;
using SmallConvNet = ConvNet<2, 1, Shape<1, 4, 4>>;

ByteVector safetensors(const std::string& header, std::size_t data_bytes) {
  ByteVector bytes = joined(little_endian(header.size(), 8), bytes_of(header));
  return joined(std::move(bytes), ByteVector(data_bytes, 1));
}

void add_dictionaries(std::vector<Seed>& seeds) {
  const auto add = [&](const std::string& name, const std::string& header, std::size_t bytes,
                       bool is_read = false) {
    seeds.push_back({"safetensors", name, safetensors(header, bytes), is_read});
    seeds.push_back({"checkpoint", name, safetensors(header, bytes), false});
  };
  const auto tensor = [](const char* type, const char* shape, int begin, int end) {
    return sentence(R"({"dtype":")", type, R"(","shape":)", shape, R"(,"data_offsets":[)", begin,
                    ",", end, "]}");
  };
  add("one", R"({"a":)" + tensor("F32", "[2]", 0, 8) + "}", 8, true);
  add("metadata", R"({"__metadata__":{"k":"\u00e9\n"},"a":)" + tensor("F64", "[]", 0, 8) + "}", 8,
      true);
  for (const char* type : {"F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL", "F8_E4M3",
                           "F8_E5M2", "U64", "F4", "F8_E8M0", "C64", "NEW"})
    add(sentence("type_", type),
        R"({"a":)" + tensor(type, "[2]", 0, 4) + R"(,"b":)" + tensor("F32", "[1]", 4, 8) + "}", 8);
  add("padded", R"({"a":)" + tensor("F32", "[1]", 0, 4) + "}   ", 4, true);
  add("no_tensors", "{}", 0, true);
  add("overlap",
      R"({"a":)" + tensor("F32", "[2]", 0, 8) + R"(,"b":)" + tensor("F32", "[2]", 4, 12) + "}", 12);
  add("hole",
      R"({"a":)" + tensor("F32", "[1]", 0, 4) + R"(,"b":)" + tensor("F32", "[1]", 8, 12) + "}", 12);
  add("name_twice",
      R"({"a":)" + tensor("F32", "[1]", 0, 4) + R"(,"a":)" + tensor("F32", "[1]", 4, 8) + "}", 8);
  add("beyond", R"({"a":)" + tensor("F32", "[1000000]", 0, 4000000) + "}", 8);
  add("huge_shape", R"({"a":)" + tensor("F32", "[4611686018427387904,4]", 0, 8) + "}", 8);
  add("not_utf8", "{\"\xff\":" + tensor("F32", "[1]", 0, 4) + "}", 4);
  seeds.push_back({"safetensors", "long_header", little_endian(~std::uint64_t{0}, 8), false});
  seeds.push_back({"safetensors", "empty", {}, false});
}

template <class Model>
void add_models(std::vector<Seed>& seeds, const std::string& name) {
  const Scratch scratch;
  const Ensemble<Model, float> ensemble = initialise<Model, float>(5, 2);
  const auto add = [&](const std::string& kind, bool is_read) {
    ByteVector bytes = read_bytes(scratch / "f", 1 << 20);
    seeds.push_back({"checkpoint", name + kind, bytes, is_read});
    seeds.push_back({"safetensors", name + kind, bytes, true});
    bytes.back() ^= 0x80;
    seeds.push_back({"checkpoint", name + kind + "_one_bit", bytes, false});
    bytes.resize(bytes.size() - 4);
    seeds.push_back({"checkpoint", name + kind + "_cut", std::move(bytes), false});
  };
  save_ensemble(scratch / "f", ensemble, {{"recipe", "none"}});
  add("_ensemble", true);
  save_member(scratch / "f", ensemble, 1);
  add("_member", true);
}

void add_stages(std::vector<Seed>& seeds) {
  const auto add = [&](const std::string& name, const std::string& key, Index rows, bool is_read) {
    const Scratch scratch;
    const StageStore store(scratch.folder());
    store.get_or_make<float, 2>("stage", key, [&] {
      Array<float, 2> array = make_array<float>(rows, 3);
      array.fill(1.5f);
      return array;
    });
    ByteVector bytes = read_bytes(scratch / "stage.safetensors", 1 << 20);
    seeds.push_back({"stage_store", name, bytes, is_read});
    bytes[bytes.size() - 5] ^= 4;
    seeds.push_back({"stage_store", name + "_one_bit", bytes, false});
    bytes.resize(bytes.size() - 4);
    seeds.push_back({"stage_store", name + "_cut", std::move(bytes), false});
  };
  add("this_key", "key", 2, true);
  add("other_key", "another key", 2, false);
  add("other_rows", "key", 3, true);
  seeds.push_back({"stage_store", "empty", {}, false});
}

}  // namespace

void add_tensor_seeds(std::vector<Seed>& seeds) {
  for_each_golden("safetensors", ".safetensors",
                  [&](const std::string& name, const ByteVector& bytes) {
                    seeds.push_back({"safetensors", "pytorch_" + name, bytes, true});
                    seeds.push_back({"checkpoint", "pytorch_" + name, bytes, false});
                  });
  add_dictionaries(seeds);
  add_models<SmallMlp>(seeds, "mlp");
  add_models<SmallConvNet>(seeds, "conv_net");
  add_stages(seeds);
}

}  // namespace expunge::fuzz
