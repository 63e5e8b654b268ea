package glia.check.policy;

import glia.check.reference.CaseParams;
import glia.check.reference.CaseTensor;
import glia.check.reference.RunKind;
import glia.check.reference.RunTensors;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.reason.policy.Aggregation.Totals;
import glia.reason.policy.PolicyObjective;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.train.run.LossBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/// Training runs of TRL's GRPO, with all its losses, and RLOO. The completions, advantages and log-probabilities of
/// the old policy and the reference model are those of the reference.
public final class PolicyRuns implements RunKind {
    private static final Pattern NAME = Pattern.compile(
            "(grpo|gspo|dapo|bnpo|dr[-_]grpo|luspo|cispo|sapo|vespo|rloo)(-.*)?");
    /// Parameters whose effect is in the stored inputs of the steps.
    private static final List<String> STORED = List.of("num_iterations", "scale_rewards", "num_generations",
            "mask_truncated_completions", "normalize_advantages", "reward_weights", "reward_clip_range",
            "multi_objective_aggregation", "max_prompt_length", "steps_per_generation");

    public PolicyRuns() { }

    @Override
    public boolean accepts(String name) {
        return NAME.matcher(name).matches();
    }

    @Override
    public Steps open(CaseParams params, RunTensors tensors, TrainingPass start) {
        STORED.forEach(params::has);
        double temperature = params.number("temperature", 1);
        double maxLength = params.number("max_completion_length", 512);
        boolean isRloo = !params.has("loss_type") && tensors.has(0, "old_logps");
        if (isRloo) {
            params.has("beta");
        }
        PolicyObjective objective = isRloo ? RlooCases.objective(params)
                : GrpoCases.objective(params, params.text("loss_type", "dapo"), maxLength);
        return step -> step(tensors, step, objective, temperature);
    }

    private static LossBatch step(RunTensors tensors, int step, PolicyObjective objective, double temperature)
            throws CheckpointException {
        CaseTensor mask = tensors.matrix(step, "completion_mask");
        double[] learned = mask.values().clone();
        if (tensors.has(step, "tool_mask")) {
            double[] tool = matrix(tensors, step, "tool_mask", mask).values();
            Arrays.setAll(learned, i -> learned[i] * tool[i]);
        }
        TokenBatch tokens = tokens(tensors, step, mask, learned);
        CaseRows rows = new CaseRows(new CaseTensor(mask.dtype(), mask.shape(), learned));
        RolloutColumns batch = rows.columns().withSequenceAdvantages(column(tensors, step, "advantages", mask));
        if (tensors.has(step, "old_per_token_logps")) {
            batch = batch.with(Column.OLD, rows.of(matrix(tensors, step, "old_per_token_logps", mask)));
        } else if (tensors.has(step, "old_logps")) {
            batch = batch.with(Column.OLD, shares(batch, column(tensors, step, "old_logps", mask)));
        }
        if (tensors.has(step, "ref_per_token_logps")) {
            batch = batch.with(Column.REFERENCE, rows.of(matrix(tensors, step, "ref_per_token_logps", mask)));
        }
        return LossBatch.ofRows(tokens, objective.loss(batch, Totals.of(batch, objective.aggregation()), temperature,
                figures -> { }));
    }

    private static CaseTensor matrix(RunTensors tensors, int step, String name, CaseTensor like)
            throws CheckpointException {
        CaseTensor t = tensors.matrix(step, name);
        if (!Arrays.equals(t.shape(), like.shape())) {
            throw tensors.error(step, name, "is " + Arrays.toString(t.shape()) + ", expected "
                    + Arrays.toString(like.shape()) + " as completion_mask");
        }
        return t;
    }

    private static double[] column(RunTensors tensors, int step, String name, CaseTensor mask)
            throws CheckpointException {
        CaseTensor t = tensors.column(step, name);
        if (t.dim(0) != mask.dim(0)) {
            throw tensors.error(step, name, "holds " + t.dim(0) + " numbers, expected " + mask.dim(0)
                    + ", one for each row of completion_mask");
        }
        return t.values();
    }

    /// Sums of sequences as equal parts of their rows.
    private static double[] shares(RolloutColumns batch, double[] sums) {
        int[] lengths = batch.lengths();
        double[] shares = new double[batch.numRows()];
        Arrays.setAll(shares, n -> sums[batch.sequences()[n]] / lengths[batch.sequences()[n]]);
        return shares;
    }

    /// The sequences of a step, prompts and completions, without padding.
    private static TokenBatch tokens(RunTensors tensors, int step, CaseTensor mask, double[] learned)
            throws CheckpointException {
        CaseTensor prompts = tensors.matrix(step, "prompt_ids");
        CaseTensor promptMask = matrix(tensors, step, "prompt_mask", prompts);
        CaseTensor completions = matrix(tensors, step, "completion_ids", mask);
        if (prompts.dim(0) != mask.dim(0)) {
            throw tensors.error(step, "prompt_ids", "holds " + prompts.dim(0) + " prompts, expected " + mask.dim(0));
        }
        TokenBatch batch = new TokenBatch();
        for (int row = 0; row < mask.dim(0); row++) {
            List<Integer> ids = new ArrayList<>();
            List<Float> weights = new ArrayList<>();
            for (int i = row * prompts.dim(1); i < (row + 1) * prompts.dim(1); i++) {
                if (promptMask.values()[i] != 0) {
                    ids.add((int) prompts.values()[i]);
                    weights.add(0f);
                }
            }
            if (ids.isEmpty()) {
                throw tensors.error(step, "prompt_mask", "row " + row + " has no token, expected at least one");
            }
            for (int i = row * mask.dim(1); i < (row + 1) * mask.dim(1); i++) {
                if (mask.values()[i] != 0) {
                    ids.add((int) completions.values()[i]);
                    weights.add((float) learned[i]);
                }
            }
            float[] each = new float[weights.size()];
            for (int i = 0; i < each.length; i++) {
                each[i] = weights.get(i);
            }
            batch.add(ids.stream().mapToInt(Integer::intValue).toArray(), each);
        }
        return batch;
    }
}
