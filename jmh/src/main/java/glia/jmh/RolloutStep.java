package glia.jmh;

import glia.engine.pass.Engine;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.fresh.NewModels;
import glia.reason.policy.PolicyMethod;
import glia.reason.rollout.RolloutOptions;
import glia.reason.run.ProblemSource.PromptProblem;
import glia.reason.run.ProblemSource;
import glia.reason.run.RolloutObjective;
import glia.reason.run.RolloutSettings;
import glia.reason.run.RolloutTraining;
import glia.tensor.Hash;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.text.tokenizer.Tokenizer;
import glia.train.optim.AdamW;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import glia.train.run.Objective.StepLoss;
import glia.train.tokenizer.SpecialTokens;
import glia.train.tokenizer.TokenizerTrainer.CharacterTrainer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/// The time of one step of policy optimization: GRPO on a new Llama of 4.4 million parameters, 16 prompts of 24 tokens,
/// 8 completions of 128 tokens each, temperature 1; one forward and backward pass over all of them, one AdamW step. The
/// same work as TRL's GRPOTrainer does with these options.
///
///     RolloutStep [STEPS [THREADS [best | invariant]]]
public final class RolloutStep {
    private static final int PROMPTS = 16;
    private static final int GROUP = 8;
    private static final int PROMPT_TOKENS = 24;
    private static final int TOKENS = 128;
    private static final String CHARACTERS = "<>abcdefghijklmnopqrstuvwxyz0123456789 +-*/=()?.,:;!'\"\n";

    private RolloutStep() { }

    /// Prompts of random characters.
    private record RandomPrompts(int vocabSize) implements ProblemSource {
        @Override
        public PromptProblem training(long index) {
            int[] ids = new int[PROMPT_TOKENS];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = Math.floorMod(Hash.of(index, i), vocabSize);
            }
            return new PromptProblem("", ids, Map.of());
        }

        @Override
        public PromptProblem heldOut(long index) {
            return training(-1 - index);
        }

        @Override
        public long size() {
            return Long.MAX_VALUE;
        }

        @Override
        public long numHeldOut() {
            return 0;
        }
    }

    /// @param args see the class
    public static void main(String[] args) throws Exception {
        int steps = args.length > 0 ? Integer.parseInt(args[0]) : 8;
        int threads = args.length > 1 ? Integer.parseInt(args[1]) : 2;
        boolean invariant = args.length > 2 && args[2].equals("invariant");
        Path folder = Files.createTempDirectory("rollout-step");
        CharacterTrainer trainer = new CharacterTrainer(SpecialTokens.of("<eos>"));
        trainer.add(CHARACTERS);
        trainer.train().write(folder);
        Tokenizer tokenizer = Tokenizer.load(folder);
        try (Workers workers = new Workers(threads); Model model = FreshModel.create(NewModels.config("llama",
                Map.of("hidden", 256, "layers", 6, "heads", 8, "kv-heads", 4, "mlp", 704, "context", 1024))
                .with("vocab_size", tokenizer.vocabSize()), 1)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            run(model, tokenizer, kernels, invariant ? kernels.batchInvariant() : kernels, steps);
        }
    }

    private static void run(Model model, Tokenizer tokenizer, Kernels kernels, Kernels ofRollouts, int steps) {
        try (Engine engine = new Engine(model, ofRollouts, Precision.EXACT, 1L << 30);
                TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults());
                Optimizer optimizer = new Optimizer(kernels,
                        ParameterGroups.of(model, w -> true, new AdamW(0.9, 0.999, 1e-8, false), 0))) {
            RolloutOptions generation = new RolloutOptions(1, TOKENS, 1024, tokenizer.vocabSize(), id -> false);
            RolloutObjective objective = new RolloutTraining(engine, tokenizer,
                    new RandomPrompts(tokenizer.vocabSize()))
                    .reward("letters", 1, s -> OptionalDouble.of(s.completion().chars().filter(c -> c == 'e').count()))
                    .method(PolicyMethod.named("dapo", TOKENS))
                    .settings(RolloutSettings.of(1).withPrompts(PROMPTS).withGroup(GROUP).withBatchTokens(1 << 15))
                    .generation(generation).objective();
            double[] seconds = new double[steps];
            double[] rates = new double[steps];
            for (int step = 0; step < steps; step++) {
                Duration cpu = cpuTime();
                long start = System.nanoTime();
                pass.zeroGradients();
                StepLoss loss = objective.accumulate(pass, step);
                optimizer.step(pass.weightGradients(), 1e-4, 1);
                seconds[step] = (System.nanoTime() - start) / 1e9;
                rates[step] = loss.parts().get("rollouts/tokens_per_second");
                System.out.printf(Locale.ROOT, "step %d: %.2f s, %.2f s of processor time, rollouts %.0f tokens/s%n",
                        step + 1, seconds[step], cpuTime().minus(cpu).toMillis() / 1e3, rates[step]);
            }
            System.out.printf(Locale.ROOT, "{\"kernels\": \"%s\", \"threads\": %d, \"step_s\": %.2f, "
                    + "\"rollout_tokens_per_second\": %.0f}%n", ofRollouts.name(), kernels.workers().count(),
                    median(seconds), median(rates));
        }
    }

    private static Duration cpuTime() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
    }

    private static double median(double[] numbers) {
        double[] sorted = numbers.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
