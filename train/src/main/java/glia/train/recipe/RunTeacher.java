package glia.train.recipe;

import glia.engine.pass.Engine;
import glia.engine.sampling.LogitException;
import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.text.tokenizer.Tokenizer;
import glia.train.distillation.Distillation;
import glia.train.distillation.DistillationObjective;
import glia.train.distillation.MiniLlm;
import glia.train.run.BatchGeneration;
import glia.train.run.BatchObjective;
import glia.train.run.LossBatch;
import glia.train.run.Objective;
import glia.train.run.TrainingException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// The teacher of a distillation, which is frozen, and the texts that teacher or student generate.
final class RunTeacher implements AutoCloseable {
    private static final long STATE_BYTES = 1L << 30;

    private final Model model;
    private final TrainingPass pass;
    private final Engine engine;
    private final Engine student;
    private final Tokenizer tokenizer;

    private RunTeacher(Model model, Kernels kernels, Engine student, Tokenizer tokenizer) {
        this.model = model;
        this.student = student;
        this.tokenizer = tokenizer;
        pass = TrainingPass.of(model, kernels, TrainingOptions.defaults());
        engine = new Engine(model, kernels, Precision.EXACT, STATE_BYTES);
    }

    /// Loads the teacher.
    ///
    /// @param student the engine of the student
    /// @throws CheckpointException if it has another vocabulary than the student
    static RunTeacher load(Recipe recipe, Path path, Kernels kernels, Engine student, Tokenizer tokenizer)
            throws CheckpointException {
        Model model = ModelLoader.load(path);
        int size = student.model().spec().vocabSize();
        if (model.spec().vocabSize() != size) {
            int found = model.spec().vocabSize();
            model.close();
            throw recipe.error(RecipeKeys.TEACHER, "has a vocabulary of " + found + " tokens, the student one of "
                    + size + "; distillation needs the same tokenizer");
        }
        return new RunTeacher(model, kernels, student, tokenizer);
    }

    /// The objective of a recipe.
    ///
    /// @param change adds further losses
    Objective objective(Recipe recipe, RunData data, UnaryOperator<Loss> change, int accumulate)
            throws CheckpointException {
        Loss loss = RunObjective.crossEntropy(recipe);
        Distillation divergence = Distillation.of(recipe.get(RecipeKeys.BETA),
                recipe.get(RecipeKeys.DISTILL_TEMPERATURE));
        double weight = recipe.get(RecipeKeys.DISTILL_WEIGHT);
        return switch (recipe.get(RecipeKeys.DISTILLATION)) {
            case LOGITS -> new DistillationObjective(data.training(), accumulate, divergence, weight, Optional.empty(),
                    change, pass, data.validation(), data.validationBatches());
            case TEXT -> new BatchObjective(generated(recipe, data, change.apply(loss), engine), accumulate,
                    data.validation(), data.validationBatches());
            case ON_POLICY -> new DistillationObjective(generated(recipe, data, loss, student), accumulate,
                    divergence, 1, Optional.empty(), change, pass, data.validation(), data.validationBatches());
            case MINILLM -> new DistillationObjective(generated(recipe, data, loss, student), accumulate,
                    Distillation.REVERSE_KL, 1, Optional.of(new MiniLlm(1, true)), change, pass,
                    data.validation(), data.validationBatches());
        };
    }

    /// Continuations of the prompts of the data, in place of the data's own.
    private LossBatch.Source generated(Recipe recipe, RunData data, Loss loss, Engine by)
            throws CheckpointException {
        int maxTokens = Math.toIntExact(recipe.get(RecipeKeys.DISTILL_TOKENS));
        long seed = recipe.get(RecipeKeys.SEED);
        BatchGeneration generation = new BatchGeneration(by, tokenizer.vocabSize(),
                tokenizer.endOfGeneration()::contains, maxTokens, 1);
        return index -> {
            List<int[]> prompts = data.prompts().batch(index);
            List<int[]> texts = continued(generation, prompts, seed ^ index * 0x9E3779B97F4A7C15L);
            TokenBatch batch = new TokenBatch();
            for (int i = 0; i < texts.size(); i++) {
                float[] weights = new float[texts.get(i).length];
                Arrays.fill(weights, prompts.get(i).length, weights.length, 1);
                batch.add(texts.get(i), weights);
            }
            return LossBatch.ofRows(batch, loss);
        };
    }

    private static List<int[]> continued(BatchGeneration generation, List<int[]> prompts, long seed) {
        try {
            return generation.of(prompts, seed);
        } catch (LogitException e) {
            throw new TrainingException("no texts can be generated: " + e.getMessage());
        }
    }

    /// Bytes of the teacher's weights, of its predictions and of the texts that are generated, as far as steps were
    /// made.
    long sizeBytes() {
        return model.weights().all().values().stream().distinct().mapToLong(Weight::sizeBytes).sum() + pass.sizeBytes()
                + engine.pool().allocatedBytes() + student.pool().allocatedBytes();
    }

    @Override
    public void close() {
        pass.close();
        engine.close();
        model.close();
    }
}
