package glia.train.recipe;

import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.ops.Weight;
import glia.train.run.Objective.StepLoss;
import glia.train.run.Objective;
import glia.train.run.TrainingListener.ScoredText;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.UnaryOperator;

/// A task that learns one phrase by heart, and a weight besides the model's. Each phrase serves two steps.
public final class PhraseExtension implements RecipeExtension {
    static final RecipeKey<String> PHRASE = RecipeKey.text("phrase.text", "what is learned by heart");
    static final RecipeKey<Long> REPEAT = RecipeKey.integer("phrase.repeat", 1, 10, "how often").or(1L);

    public PhraseExtension() { }

    @Override
    public Map<String, String> tasks() {
        return Map.of("phrase", "a phrase learned by heart");
    }

    @Override
    public List<RecipeKey<?>> keys() {
        return List.of(PHRASE, REPEAT);
    }

    @Override
    public List<ShippedRecipes.Shipped> recipes() {
        return List.of(ShippedRecipes.Shipped.read("phrase", new ByteArrayInputStream(
                "# learns a phrase\ntask: phrase\nsteps: 1\n".getBytes(StandardCharsets.UTF_8))));
    }

    @Override
    public List<RecipeExtension.DataGenerator> generators() {
        return List.of(new Phrases());
    }

    /// Numbered continuations.
    private record Phrases() implements RecipeExtension.DataGenerator {
        @Override
        public String prefix() {
            return "phrases";
        }

        @Override
        public String form() {
            return "phrases:COUNT";
        }

        @Override
        public String summary() {
            return "numbered continuations";
        }

        @Override
        public Lines parse(String text) {
            if (!text.matches("\\d{1,6}")) {
                throw new IllegalArgumentException("found '" + text + "', expected a number of phrases");
            }
            return new Lines("phrases", Long.parseLong(text),
                    i -> "{\"prompt\": \"be\", \"completion\": \" or " + i % 7 + "\"}");
        }
    }

    @Override
    public TaskRun open(String task, TaskContext context) throws IOException {
        int[] ids = context.tokenizer().encode(context.recipe().get(PHRASE), true);
        FrozenModel reference = context.reference();
        Tensor scale = Tensor.allocate(Arena.ofAuto(), DType.F32, 1, 1);
        scale.set(0, 1);
        Weight.Stored weight = new Weight.Stored(scale);
        return new TaskRun() {
            @Override
            public Objective objective(UnaryOperator<Loss> change) {
                return new PhraseObjective(ids, change, reference, weight);
            }

            @Override
            public Map<String, Weight.Stored> weights() {
                return Map.of("scale", weight);
            }

            @Override
            public long rowsInEpoch() {
                return 1;
            }

            @Override
            public long rowsOfUpdate() throws CheckpointException {
                return context.recipe().get(REPEAT);
            }

            @Override
            public long tokensInEpoch() {
                return ids.length;
            }

            @Override
            public List<String> notes() {
                return List.of("one phrase");
            }

            @Override
            public void close() {
                reference.close();
            }
        };
    }

    private record PhraseObjective(int[] ids, UnaryOperator<Loss> change, FrozenModel reference, Weight.Stored scale)
            implements Objective {
        @Override
        public StepLoss accumulate(TrainingPass pass, long step) {
            TokenBatch batch = new TokenBatch();
            batch.add(ids);
            double before = reference.pass().evaluate(batch, Loss.CROSS_ENTROPY);
            double loss = pass.loss(batch, change.apply(p -> Loss.CROSS_ENTROPY.of(p)
                    .plus(new Value(p.ops(), p.ops().linear(p.constant(1).tensor(), scale)))));
            return new StepLoss(loss, ids.length, Map.of("kl/before", before), List.of(new ScoredText("phrase " + step,
                    "prompt", Arrays.stream(ids).mapToObj(id -> "<" + id + ">").toList(),
                    Arrays.stream(ids).mapToObj(id -> id % 2 == 0 ? Double.NaN : step).toList())));
        }

        @Override
        public boolean canResumeAt(long step) {
            return step % 2 == 0;
        }

        @Override
        public OptionalDouble validate(TrainingPass pass) {
            return OptionalDouble.of(0.5);
        }

        @Override
        public Map<String, Double> validationFigures() {
            return Map.of("accuracy/held_out", 0.25);
        }
    }
}
