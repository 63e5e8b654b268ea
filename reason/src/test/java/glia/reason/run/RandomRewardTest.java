package glia.reason.run;

import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.fresh.NewModels;
import glia.reason.policy.PolicyMethod;
import glia.reason.reward.Reward;
import glia.reason.reward.Rewards;
import glia.reason.run.ProblemSource.PromptProblem;
import glia.tensor.Hash;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.text.tokenizer.Tokenizer;
import glia.train.optim.AdamW;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import glia.train.run.Trainer;
import glia.train.run.TrainerOptions;
import glia.train.schedule.Schedule.ConstantSchedule;
import glia.train.tokenizer.SpecialTokens;
import glia.train.tokenizer.TokenizerTrainer.CharacterTrainer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The same training with rewards for right answers and with rewards that do not depend on the answer.
class RandomRewardTest {
    private static final int HELD_OUT = 60;

    @TempDir
    private Path folder;

    /// `ab=`: which letter comes later?
    private record Letters(Tokenizer tokenizer) implements ProblemSource {
        private PromptProblem problem(long number) {
            char a = (char) ('a' + number % 8);
            char b = (char) ('a' + number / 8 % 8);
            String text = "" + a + b + "=";
            return new PromptProblem(text, tokenizer.encode(text, false),
                    Map.of("answer", Character.toString(a > b ? a : b)));
        }

        private static boolean isHeldOut(long number) {
            return Hash.of(number, 5) % 5 == 0;
        }

        /// The problem of this index among those that are held out, or are not.
        private PromptProblem nth(long index, boolean heldOut) {
            long number = Math.floorMod(Hash.of(index, heldOut ? 1 : 0), 64);
            while (isHeldOut(number) != heldOut) {
                number = (number + 1) % 64;
            }
            return problem(number);
        }

        @Override
        public PromptProblem training(long index) {
            return nth(index, false);
        }

        @Override
        public PromptProblem heldOut(long index) {
            return nth(index, true);
        }

        @Override
        public long size() {
            return 64;
        }

        @Override
        public long numHeldOut() {
            return HELD_OUT;
        }
    }

    /// Trains and returns the held-out accuracy of sampled answers.
    private WilsonInterval accuracy(Reward learned, double weightOfRight) throws Exception {
        CharacterTrainer characters = new CharacterTrainer(SpecialTokens.NONE.with(SpecialTokens.EOS, "<end>"));
        Path files = Files.createDirectory(folder.resolve("tokenizer-" + weightOfRight));
        characters.add("abcdefgh=").train().write(files);
        Tokenizer tokenizer = Tokenizer.load(files);
        Reward right = s -> OptionalDouble.of(s.completion().equals(s.fields().get("answer")) ? 1 : 0);
        try (Workers workers = new Workers(2); Model model = FreshModel.create(NewModels.config("llama",
                Map.of("hidden", 32, "layers", 2, "heads", 2, "context", 16)).with("vocab_size",
                tokenizer.vocabSize()), 3)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            try (Engine engine = new Engine(model, kernels, Precision.EXACT, 1L << 26);
                    TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults());
                    Optimizer optimizer = new Optimizer(kernels, ParameterGroups.of(model, w -> true,
                            new AdamW(0.9, 0.95, 1e-8, false), 0))) {
                RolloutObjective objective = new RolloutTraining(engine, tokenizer, new Letters(tokenizer))
                        .reward("right", weightOfRight, right).reward("learned", 1, learned)
                        .method(PolicyMethod.named("grpo", 1))
                        .settings(RolloutSettings.of(2).withPrompts(16).withGroup(16)).maxTokens(1)
                        .evaluate(HELD_OUT, 0).objective();
                new Trainer(pass, optimizer, objective, new TrainerOptions(50, 3e-3, new ConstantSchedule(3))).run();
                Map<String, Double> figures = objective.validationFigures();
                return new WilsonInterval(figures.get("accuracy/held_out"), figures.get("accuracy/held_out_low"),
                        figures.get("accuracy/held_out_high"));
            }
        }
    }

    @Test
    void onlyRewardsThatDependOnTheAnswerTeach() throws Exception {
        WilsonInterval taught = accuracy(s -> OptionalDouble.of(0), 1);
        WilsonInterval control = accuracy(Rewards.named("random"), 0);
        assertTrue(taught.low() > 0.5, "taught: " + taught);
        assertTrue(control.low() < 0.35 && control.high() < taught.low(),
                "control: " + control + ", taught: " + taught);
    }
}
