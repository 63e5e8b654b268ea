package glia.reason.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.fresh.NewModels;
import glia.reason.environment.Environment.Step;
import glia.reason.environment.Environment;
import glia.reason.policy.PolicyMethod;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.text.tokenizer.Tokenizer;
import glia.train.run.Objective.StepLoss;
import glia.train.run.TrainingListener.ScoredText;
import glia.train.tokenizer.SpecialTokens;
import glia.train.tokenizer.TokenizerTrainer.CharacterTrainer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RolloutTurnsTest {
    @TempDir
    private Path folder;

    private record OnePrompt(int... ids) implements ProblemSource {
        @Override
        public ProblemSource.PromptProblem training(long index) {
            return new ProblemSource.PromptProblem("ab", ids, Map.of());
        }

        @Override
        public ProblemSource.PromptProblem heldOut(long index) {
            return training(index);
        }

        @Override
        public long size() {
            return 1;
        }

        @Override
        public long numHeldOut() {
            return 0;
        }
    }

    private interface Check {
        void run(RolloutTraining training, Tokenizer tokenizer, TrainingPass pass) throws Exception;
    }

    /// A random model of the letters `ab!` is prompted with `ab`.
    private void train(Check check) throws Exception {
        new CharacterTrainer(SpecialTokens.NONE.with(SpecialTokens.EOS, "<end>")).add("ab!").train().write(folder);
        Tokenizer tokenizer = Tokenizer.load(folder);
        try (Workers workers = new Workers(2); Model model = FreshModel.create(NewModels.config("llama",
                Map.of("hidden", 32, "layers", 1, "heads", 2, "context", 64)).with("vocab_size",
                tokenizer.vocabSize()), 3)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            try (Engine engine = new Engine(model, kernels, Precision.EXACT, 1L << 26);
                    TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
                check.run(new RolloutTraining(engine, tokenizer, new OnePrompt(tokenizer.encode("ab", false))),
                        tokenizer, pass);
            }
        }
    }

    /// The environment says `!` after each of the first turns; rewards count these.
    @Test
    void observationsHaveNoLossAndNoAdvantage() throws Exception {
        train((training, tokenizer, pass) -> {
            int[] observation = tokenizer.encode("!", false);
            RolloutObjective objective = training
                    .reward("observed", 1, s -> OptionalDouble.of(s.completion().split("!", -1).length))
                    .method(PolicyMethod.named("reinforce_plus_plus", 20))
                    .settings(RolloutSettings.of(2).withPrompts(2).withGroup(8)).maxTokens(20).show(1, 16)
                    .turns((problems, group) -> (index, tokens) -> tokens.length < 12 && index < problems.size()
                            * group ? Optional.of(observation) : Optional.empty())
                    .objective();
            StepLoss loss = objective.accumulate(pass, 0);
            int observed = 0;
            int sampled = 0;
            for (ScoredText text : loss.texts()) {
                for (int i = 0; i < text.tokens().size(); i++) {
                    observed += Double.isNaN(text.values().get(i)) ? 1 : 0;
                    sampled += Double.isNaN(text.values().get(i)) ? 0 : 1;
                }
            }
            assertEquals(16, loss.texts().size());
            assertTrue(observed > 0, "no rollout had a second turn");
            assertEquals(sampled / 16.0, loss.parts().get("response_length/mean"), 1e-9);
            assertTrue(Double.isFinite(loss.loss()) && loss.parts().get("entropy/mean") > 0);
        });
    }

    /// Two turns; the reward is the number of `a`. It throws at `bb`, and an episode without letters has none.
    private static Environment.Episode letters() {
        List<String> turns = new ArrayList<>();
        return new Environment.Episode() {
            @Override
            public String prompt() {
                return "ab";
            }

            @Override
            public Step step(String text) {
                turns.add(text);
                if (text.contains("bb")) {
                    throw new IllegalStateException("bb");
                }
                return turns.size() == 1 ? new Step.Observation("!") : new Step.End(reward(turns), Step.Reason.ANSWER);
            }
        };
    }

    private static double reward(List<String> turns) {
        String all = String.join("", turns);
        return all.isEmpty() ? Double.NaN : all.chars().filter(c -> c == 'a').count();
    }

    /// What an episode gives is computed again from the text of all turns, which another reward sees.
    @Test
    void theRewardOfAnEnvironmentIsLearnedFrom() throws Exception {
        train((training, tokenizer, pass) -> {
            List<String> finished = Collections.synchronizedList(new ArrayList<>());
            RolloutObjective objective = training
                    .environment("letters", 1, problem -> letters(),
                            text -> tokenizer.encode(text, false))
                    .reward("seen", 0, s -> {
                        if (s.finished()) {
                            finished.add(s.completion());
                        }
                        return OptionalDouble.empty();
                    })
                    .method(PolicyMethod.named("grpo", 40))
                    .settings(RolloutSettings.of(2).withPrompts(4).withGroup(16)).maxTokens(40).objective();
            StepLoss loss = objective.accumulate(pass, 0);
            int failures = 0;
            List<Double> rewards = new ArrayList<>();
            for (String text : finished) {
                List<String> turns = List.of(text.split("<end>!?", -1));
                double reward = reward(turns);
                if (turns.stream().anyMatch(turn -> turn.contains("bb")) || Double.isNaN(reward)) {
                    failures++;
                } else {
                    assertEquals(2, turns.size(), text);
                    rewards.add(reward);
                }
            }
            assertTrue(failures > 0 && rewards.size() > 10, failures + " failed, " + rewards.size() + " scored");
            assertEquals(failures, loss.parts().get("reward/failures"), 1e-9);
            double mean = rewards.stream().mapToDouble(r -> r).average().orElseThrow();
            assertEquals(mean, loss.parts().get("reward/letters"), 1e-9);
            assertEquals(mean, loss.parts().get("reward/mean"), 1e-9);
            double norm = pass.gradients().values().stream().mapToDouble(t -> {
                double sum = 0;
                for (float x : t.toArray()) {
                    sum += x * x;
                }
                return sum;
            }).sum();
            assertTrue(norm > 0 && Double.isFinite(norm), "gradient " + norm);
        });
    }
}
