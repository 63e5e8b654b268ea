package glia.train.distillation;

import glia.engine.training.Loss;
import glia.engine.training.Predictions;
import glia.engine.training.TrainingPass;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.train.run.BatchObjective;
import glia.train.run.LossBatch;
import glia.train.run.Objective;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.UnaryOperator;

/// Learns a teacher's distribution at the scored tokens of batches:
/// `weight · divergence + (1 - weight) · cross-entropy` of their targets (https://arxiv.org/abs/1503.02531,
/// https://arxiv.org/abs/2306.13649).
///
/// @param batches micro-batches with the cross-entropy of their targets
/// @param accumulate micro-batches of a step
/// @param divergence between the distributions
/// @param weight 0 to 1
/// @param policy MiniLLM's policy gradient, which is added, for texts that the student generated
/// @param change adds what is not of a teacher, such as the losses of routers of experts
/// @param teacher a pass of the teacher, which is frozen
/// @param validation micro-batches of validation, which is by the cross-entropy alone
/// @param validationBatches how many of them; 0 for no validation
public record DistillationObjective(LossBatch.Source batches, int accumulate, Distillation divergence, double weight,
        Optional<MiniLlm> policy, UnaryOperator<Loss> change, TrainingPass teacher, LossBatch.Source validation,
        int validationBatches)
        implements Objective {
    @Override
    public Objective.StepLoss accumulate(TrainingPass pass, long step) {
        LossBatch[] parts = new LossBatch[accumulate];
        long tokens = 0;
        for (int i = 0; i < accumulate; i++) {
            parts[i] = batches.batch((step * accumulate + i) * pass.reduction().numGroups()
                    + pass.reduction().group());
            tokens += parts[i].tokens().numTokens();
        }
        double total = pass.stepTotal(Arrays.stream(parts).mapToDouble(LossBatch::weight).toArray());
        double[] losses = new double[accumulate];
        for (int i = 0; i < accumulate; i++) {
            losses[i] = loss(pass, parts[i], parts[i].weight() / total);
            parts[i].tokens().release();
        }
        return Objective.StepLoss.of(pass.stepTotal(losses), (long) pass.total(tokens));
    }

    @Override
    public boolean isParallel() {
        return true;
    }

    /// One forward pass of the student for both losses.
    private double loss(TrainingPass pass, LossBatch part, double share) {
        double[] loss = new double[1];
        teacher.evaluate(part.tokens(), of -> {
            Loss both = p -> {
                var learned = divergence.of(p, of).times(weight);
                if (policy.isPresent()) {
                    return learned.plus(policyLoss(policy.get(), p, of));
                }
                return weight == 1 ? learned : learned.plus(part.loss().of(p).times(1 - weight));
            };
            loss[0] = pass.loss(part.tokens(), change.apply(both).scaled(share));
            return of.constant((float) loss[0]);
        });
        return loss[0];
    }

    /// `mean over tokens of -A · ln p`, with the advantages of each sequence.
    private static Value policyLoss(MiniLlm policy, Predictions student, Predictions teacher) {
        int[] sequences = student.batch().sequences();
        Value logProbs = student.logProbs();
        Tensor own = logProbs.tensor();
        Tensor others = teacher.logProbs().tensor();
        float[] factors = new float[sequences.length];
        for (int from = 0, to; from < sequences.length; from = to) {
            to = from;
            while (to < sequences.length && sequences[to] == sequences[from]) {
                to++;
            }
            double[] s = new double[to - from];
            double[] t = new double[to - from];
            boolean[] counts = new boolean[to - from];
            for (int i = from; i < to; i++) {
                s[i - from] = own.get(i);
                t[i - from] = others.get(i);
                counts[i - from] = true;
            }
            double[] advantages = policy.advantages(s, t, counts);
            for (int i = from; i < to; i++) {
                factors[i] = (float) advantages[i - from];
            }
        }
        return logProbs.times(student.constant(factors)).mean().times(-1);
    }

    @Override
    public OptionalDouble validate(TrainingPass pass) {
        return new BatchObjective(batches, accumulate, validation, validationBatches).validate(pass);
    }
}
