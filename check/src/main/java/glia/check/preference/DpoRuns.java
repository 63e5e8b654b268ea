package glia.check.preference;

import glia.check.reference.CaseParams;
import glia.check.reference.CaseTensor;
import glia.check.reference.RunKind;
import glia.check.reference.RunTensors;
import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.reason.preference.CompletionLogProbs;
import glia.reason.preference.DpoLoss;
import glia.reason.preference.ReferenceLogProbs;
import glia.train.run.LossBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Training runs of direct preference optimization. The reference model is the model before the first step.
public final class DpoRuns implements RunKind {
    public DpoRuns() { }

    @Override
    public boolean accepts(String name) {
        return name.startsWith("dpo-");
    }

    private record Batch(TokenBatch tokens, float[] completion) { }

    @Override
    public Steps open(CaseParams params, RunTensors tensors, TrainingPass start) throws CheckpointException {
        DpoLoss loss = PreferenceCases.dpoLoss(params);
        if (params.number("label_smoothing_factor", 0) != 0) {
            throw new IllegalArgumentException("label_smoothing_factor is not supported, expected 0");
        }
        // The sequences have been cut already.
        params.has("max_length");
        List<float[]> references = new ArrayList<>();
        for (int step = 0; tensors.has(step, "input_ids"); step++) {
            Batch batch = batch(tensors, step);
            references.add(ReferenceLogProbs.of(start, batch.tokens, p -> loss.sums(CompletionLogProbs.of(p,
                    batch.completion, false))));
        }
        return step -> {
            Batch batch = batch(tensors, step);
            Loss ofBatch = p -> loss.of(CompletionLogProbs.of(p, batch.completion, loss.weighted()),
                    references.get(step)).loss();
            return new LossBatch(batch.tokens, ofBatch, batch.tokens.numSequences() / 2);
        };
    }

    /// The sequences of a step without padding; rows are the tokens of completions.
    private static Batch batch(RunTensors tensors, int step) throws CheckpointException {
        CaseTensor ids = tensors.matrix(step, "input_ids");
        CaseTensor attention = tensors.matrix(step, "attention_mask");
        CaseTensor completion = tensors.matrix(step, "completion_mask");
        if (!Arrays.equals(ids.shape(), attention.shape()) || !Arrays.equals(ids.shape(), completion.shape())) {
            throw tensors.error(step, "completion_mask", "ids and masks differ in shape");
        }
        TokenBatch batch = new TokenBatch();
        int width = ids.dim(1);
        for (int row = 0; row < ids.dim(0); row++) {
            int[] tokens = new int[width];
            float[] weights = new float[width];
            int count = 0;
            for (int i = row * width; i < (row + 1) * width; i++) {
                if (attention.values()[i] != 0) {
                    tokens[count] = (int) ids.values()[i];
                    weights[count++] = (float) completion.values()[i];
                }
            }
            batch.add(Arrays.copyOf(tokens, count), Arrays.copyOf(weights, count));
        }
        float[] ones = new float[batch.numRows()];
        Arrays.fill(ones, 1);
        return new Batch(batch, ones);
    }
}
