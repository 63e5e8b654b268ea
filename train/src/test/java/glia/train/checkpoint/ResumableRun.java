package glia.train.checkpoint;

import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.data.RandomWindows;
import glia.train.data.Tokens;
import glia.train.optim.AdamW;
import glia.train.optim.Muon;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import glia.train.run.Objective.StepLoss;
import glia.train.run.Objective;
import glia.train.run.Trainer;
import glia.train.run.TrainerOptions;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import glia.train.schedule.Schedule.ConstantSchedule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BiConsumer;

/// A small run that saves after every step and goes on from the newest checkpoint, as a program of its own: it is
/// killed at random moments.
final class ResumableRun {
    private static final String CONFIG = """
            {"model_type": "llama", "hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2,
            "num_key_value_heads": 1, "num_hidden_layers": 2, "vocab_size": 20, "rms_norm_eps": 1e-5,
            "max_position_embeddings": 32, "tie_word_embeddings": true, "rope_theta": 10000.0}""";

    private ResumableRun() { }

    /// @param args folder, number of steps
    public static void main(String[] args) throws Exception {
        run(Path.of(args[0]), Integer.parseInt(args[1]), (step, loss) -> {
            System.out.println(step + " " + Double.doubleToLongBits(loss));
            System.out.flush();
        });
    }

    /// Checkpoints are compared by the training loss.
    private static Objective objective(RandomWindows data) {
        return new Objective() {
            private double loss;

            @Override
            public StepLoss accumulate(TrainingPass pass, long step) {
                TokenBatch batch = data.batch(step);
                loss = pass.loss(batch);
                return StepLoss.of(loss, batch.numTokens());
            }

            @Override
            public OptionalDouble validate(TrainingPass pass) {
                return OptionalDouble.of(loss);
            }
        };
    }

    /// Runs up to a step; what is there already is not computed again.
    static void run(Path folder, int steps, BiConsumer<Long, Double> losses) throws Exception {
        CheckpointStore store = new CheckpointStore(folder, 2);
        List<String> rejected = new ArrayList<>();
        Optional<CheckpointStore.Saved> last = store.latest(rejected);
        if (!rejected.isEmpty()) {
            throw new AssertionError(rejected.toString());
        }
        int[] ids = new int[300];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = i * i % 19;
        }
        RandomWindows data = new RandomWindows(Tokens.of(ids), 3, 12, 5);
        try (Workers workers = new Workers(1);
                Model model = last.isPresent() ? ModelLoader.load(last.get().folder(), p -> true)
                        : FreshModel.create(Config.parse(Path.of("config.json"), CONFIG), 3)) {
            Kernels kernels = KernelBackends.choose("scalar", workers).kernels();
            try (TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults());
                    Optimizer optimizer = new Optimizer(kernels,
                            ParameterGroups.of(model, w -> true, new Muon(), new AdamW(), 0.1))) {
                Trainer trainer = new Trainer(pass, optimizer, objective(data),
                        new TrainerOptions(steps, 1e-2, new ConstantSchedule(0), 1e30, 1, 1, 0, 0))
                        .saveTo(store, TrainedModel.of(model));
                if (last.isPresent()) {
                    trainer.resume(last.get());
                }
                trainer.listen(new TrainingListener() {
                    @Override
                    public void step(StepFigures figures) {
                        losses.accept(figures.step() - 1, figures.loss());
                    }
                }).run();
            }
        }
    }
}
