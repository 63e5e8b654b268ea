package glia.reason.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.Engine;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.fresh.NewModels;
import glia.reason.policy.PolicyMethod;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.text.tokenizer.Tokenizer;
import glia.train.run.ScoredText;
import glia.train.run.StepLoss;
import glia.train.tokenizer.CharacterTrainer;
import glia.train.tokenizer.SpecialTokens;
import java.nio.file.Path;
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
        public PromptProblem training(long index) {
            return new PromptProblem("ab", ids, Map.of());
        }

        @Override
        public PromptProblem heldOut(long index) {
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

    /// The environment says `!` after each of the first turns; rewards count these.
    @Test
    void observationsHaveNoLossAndNoAdvantage() throws Exception {
        new CharacterTrainer(SpecialTokens.NONE.with(SpecialTokens.EOS, "<end>")).add("ab!").train().write(folder);
        Tokenizer tokenizer = Tokenizer.load(folder);
        int[] observation = tokenizer.encode("!", false);
        try (Workers workers = new Workers(2); Model model = FreshModel.create(NewModels.config("llama",
                Map.of("hidden", 32, "layers", 1, "heads", 2, "context", 64)).with("vocab_size",
                tokenizer.vocabSize()), 3)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            try (Engine engine = new Engine(model, kernels, Precision.EXACT, 1L << 26);
                    TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
                RolloutObjective objective = new RolloutTraining(engine, tokenizer,
                        new OnePrompt(tokenizer.encode("ab", false)))
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
            }
        }
    }
}
