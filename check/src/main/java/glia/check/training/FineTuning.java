package glia.check.training;

import glia.check.reference.CaseParams;
import glia.check.reference.CaseTensor;
import glia.check.reference.RunKind;
import glia.check.reference.RunTensors;
import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.train.run.LossBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Supervised fine-tuning.
public final class FineTuning implements RunKind {
    private static final int IGNORED = -100;

    public FineTuning() { }

    @Override
    public boolean accepts(String name) {
        return name.startsWith("sft-");
    }

    @Override
    public Steps open(CaseParams params, RunTensors tensors, TrainingPass start) {
        requireKnown(params);
        return step -> LossBatch.ofRows(batch(tensors, step), Loss.CROSS_ENTROPY);
    }

    /// Which tokens count is said by the labels, so the parameters that chose them have no effect.
    private static void requireKnown(CaseParams params) {
        String loss = params.text("loss_type", "nll");
        if (!loss.equals("nll") && !loss.equals("chunked_nll")) {
            throw new IllegalArgumentException("loss_type: found \"" + loss + "\", expected \"nll\"");
        }
        if (params.number("label_smoothing_factor", 0) != 0 || params.flag("packing", false)) {
            throw new IllegalArgumentException("label smoothing and packing are not supported");
        }
        for (String name : List.of("completion_only_loss", "assistant_only_loss", "max_length")) {
            params.has(name);
        }
    }

    /// The sequences of a step, without padding.
    private static TokenBatch batch(RunTensors tensors, int step) throws CheckpointException {
        CaseTensor ids = tensors.matrix(step, "input_ids");
        CaseTensor mask = tensors.matrix(step, "attention_mask");
        CaseTensor labels = tensors.matrix(step, "labels");
        if (!Arrays.equals(ids.shape(), mask.shape()) || !Arrays.equals(ids.shape(), labels.shape())) {
            throw tensors.error(step, "labels", "ids, mask, labels differ in shape");
        }
        TokenBatch batch = new TokenBatch();
        for (int row = 0; row < ids.dim(0); row++) {
            List<Integer> kept = new ArrayList<>();
            for (int i = row * ids.dim(1); i < (row + 1) * ids.dim(1); i++) {
                if (mask.values()[i] != 0) {
                    kept.add(i);
                }
            }
            int[] tokens = kept.stream().mapToInt(i -> (int) ids.values()[i]).toArray();
            float[] weights = new float[tokens.length];
            for (int i = 0; i < tokens.length; i++) {
                int label = (int) labels.values()[kept.get(i)];
                if (label != IGNORED && label != tokens[i]) {
                    throw tensors.error(step, "labels", "found " + label + " at a token " + tokens[i]
                            + ", expected the token or " + IGNORED);
                }
                weights[i] = label == IGNORED ? 0 : 1;
            }
            batch.add(tokens, weights);
        }
        return batch;
    }
}
