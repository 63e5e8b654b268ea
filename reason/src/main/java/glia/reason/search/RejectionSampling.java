package glia.reason.search;

import glia.reason.search.StrategyBench.Item;
import glia.reason.search.StrategyBench.Outcome;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;

/// Keeps the right ones of a model's own answers, as data to fine-tune it, another model or a smaller one: rejection
/// sampling fine-tuning ([RFT](https://arxiv.org/abs/2308.01825); the third stage of
/// [DeepSeek-R1](https://arxiv.org/abs/2501.12948), section 2.3.3, and its distillation, section 2.4).
///
/// @param bench samples and verifies
/// @param strategy how an answer is made
public record RejectionSampling(StrategyBench bench, Strategy strategy) {
    /// The kept answers of a question.
    ///
    /// @param completions different right ones in the order in which they were sampled, thoughts between `<think>` and
    ///     `</think>`
    /// @param numRight all right ones
    public record Kept(Item item, List<String> completions, int numRight) {
        public Kept {
            completions = List.copyOf(completions);
        }
    }

    /// What was sampled.
    ///
    /// @param kept by question, those without a right answer too
    /// @param samples number of answers
    /// @param tokens number of generated tokens
    public record Result(List<Kept> kept, long samples, long tokens) {
        public Result {
            kept = List.copyOf(kept);
        }

        /// The number of right answers.
        public long numRight() {
            return kept.stream().mapToLong(Kept::numRight).sum();
        }
    }

    /// Samples answers.
    ///
    /// @param samples answers of a question
    /// @param most kept answers of a question
    /// @param seed random seed: a sample is a function of it, its question's number and its own
    /// @param progress is given the number of finished answers
    public Result run(List<Item> items, int samples, int most, long seed, IntConsumer progress) {
        List<Item> repeated = new ArrayList<>();
        items.forEach(item -> {
            for (int i = 0; i < samples; i++) {
                repeated.add(item);
            }
        });
        List<Outcome> outcomes = bench.run(strategy, repeated, seed, progress).outcomes();
        List<Kept> kept = new ArrayList<>();
        long tokens = 0;
        for (int i = 0; i < items.size(); i++) {
            Set<String> different = new HashSet<>();
            List<String> completions = new ArrayList<>();
            int right = 0;
            for (Outcome outcome : outcomes.subList(i * samples, (i + 1) * samples)) {
                tokens += outcome.tokens().generated();
                right += outcome.isRight() ? 1 : 0;
                if (outcome.isRight() && completions.size() < most && different.add(outcome.completion())) {
                    completions.add(outcome.completion());
                }
            }
            kept.add(new Kept(items.get(i), completions, right));
        }
        return new Result(kept, repeated.size(), tokens);
    }
}
