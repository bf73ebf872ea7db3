#include "expunge/data/batches.hpp"

#include <doctest/doctest.h>

using namespace expunge;

using Ends = std::vector<Index>;

TEST_CASE("a last batch that is not full is kept") {
  CHECK(batch_ends(10, 4, LastBatch::keep) == Ends{4, 8, 10});
  CHECK(batch_ends(8, 4, LastBatch::keep) == Ends{4, 8});
  CHECK(batch_ends(3, 4, LastBatch::keep) == Ends{3});
  CHECK(batch_ends(3, 1, LastBatch::keep) == Ends{1, 2, 3});
  CHECK(batch_ends(2000, 32, LastBatch::keep).back() == 2000);
}

TEST_CASE("a last batch that is not full is dropped, unless it is the only one") {
  CHECK(batch_ends(10, 4, LastBatch::drop) == Ends{4, 8});
  CHECK(batch_ends(8, 4, LastBatch::drop) == Ends{4, 8});
  CHECK(batch_ends(3, 4, LastBatch::drop) == Ends{3});
  CHECK(batch_ends(5, 4, LastBatch::drop) == Ends{4});
}

TEST_CASE("a last batch joins the one before when it is less than half full") {
  CHECK(batch_ends(9, 4, LastBatch::merge) == Ends{4, 9});
  CHECK(batch_ends(10, 4, LastBatch::merge) == Ends{4, 8, 10});  // half full: stays
  CHECK(batch_ends(11, 4, LastBatch::merge) == Ends{4, 8, 11});
  CHECK(batch_ends(12, 5, LastBatch::merge) == Ends{5, 12});      // 2 of 5
  CHECK(batch_ends(13, 5, LastBatch::merge) == Ends{5, 10, 13});  // 3 of 5
  CHECK(batch_ends(1, 4, LastBatch::merge) == Ends{1});
  CHECK(batch_ends(5, 4, LastBatch::merge) == Ends{5});
}

TEST_CASE("no examples make no batches, and a batch holds at least one example") {
  for (const LastBatch last : {LastBatch::keep, LastBatch::drop, LastBatch::merge}) {
    CHECK(batch_ends(0, 4, last).empty());
    CHECK(largest_batch(0, 4, last) == 0);
    CHECK_THROWS_WITH(batch_ends(3, 0, last), "batch_ends: batch size 0");
    CHECK_THROWS_WITH(batch_ends(3, -1, last), "batch_ends: batch size -1");
  }
}

TEST_CASE("every example is in one batch, and the largest batch is what it says") {
  for (const LastBatch last : {LastBatch::keep, LastBatch::drop, LastBatch::merge})
    for (Index n = 1; n <= 40; ++n)
      for (Index batch = 1; batch <= 12; ++batch) {
        Index begin = 0, largest = 0;
        for (const Index end : batch_ends(n, batch, last)) {
          CHECK(end > begin);
          largest = std::max(largest, end - begin);
          begin = end;
        }
        CHECK(largest == largest_batch(n, batch, last));
        CHECK(2 * largest < 3 * std::max(batch, Index{2}));
        CHECK((begin == n || (last == LastBatch::drop && n - begin < batch)));
      }
}

TEST_CASE("an epoch's order depends on seed, member, epoch and pass alone") {
  const std::vector<Index> pool = {5, 5, 8, 13, 21, 34, 55, 89, 144, 233};
  const auto order = [&](std::uint64_t seed, Index member, Index epoch, Index pass) {
    std::vector<Index> examples = pool;
    shuffle_for_epoch(seed, member, epoch, pass, examples);
    return examples;
  };
  const std::vector<Index> reference = order(1, 2, 3, 1);
  CHECK(reference == order(1, 2, 3, 1));
  CHECK(reference != pool);
  CHECK(reference != order(2, 2, 3, 1));
  CHECK(reference != order(1, 3, 3, 1));
  CHECK(reference != order(1, 2, 4, 1));
  CHECK(reference != order(1, 2, 3, 0));
  std::vector<Index> sorted = reference;
  std::sort(sorted.begin(), sorted.end());
  CHECK(sorted == pool);  // an example listed twice stays there twice
  std::vector<Index> none;
  shuffle_for_epoch(1, 0, 0, 0, none);
  CHECK(none.empty());
}

TEST_CASE("every example comes first about equally often") {
  std::vector<int> first(5);
  for (Index epoch = 0; epoch < 5000; ++epoch) {
    std::vector<Index> examples = all_indices(5);
    shuffle_for_epoch(1, 0, epoch, 0, examples);
    ++first[static_cast<std::size_t>(examples[0])];
  }
  for (const int count : first) CHECK(std::abs(count - 1000) < 5 * 29);
}
