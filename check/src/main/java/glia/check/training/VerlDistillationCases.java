package glia.check.training;

import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.tensor.autograd.Value;
import glia.train.distillation.TopKDistillation.Overlap;
import glia.train.distillation.TopKDistillation;
import java.util.Arrays;

/// verl's forward divergence on the teacher's most probable tokens.
public final class VerlDistillationCases {
    private VerlDistillationCases() { }

    public static void run(ReferenceCase c) {
        CaseTensor tokens = c.tensor("teacher_topk_ids");
        CaseTensor teacher = c.tensor("teacher_topk_log_probs");
        int k = c.params().integer("topk", tokens.dim(-1));
        if (k != tokens.dim(-1)) {
            throw new IllegalArgumentException("topk: found " + k + ", expected " + tokens.dim(-1)
                    + ", the number of the teacher's tokens");
        }
        CaseTensor logits = c.input("student_logits");
        TopKDistillation rule = new TopKDistillation(c.params().number("log_prob_min_clamp", Double.NEGATIVE_INFINITY));
        Value student = c.variable("student", logits).logSoftmax().pick(tokens.ints());
        Value fixed = c.constant(teacher);
        Value losses = rule.perToken(student, fixed);
        c.compare("distillation_losses", losses);
        c.compare("student_mass", student.exp().rowSums());
        c.compare("teacher_mass", fixed.exp().rowSums());
        c.backward(losses.sum());
        c.compare("grad_student_logits", c.gradient("student"));
        double[] counts = new double[tokens.values().length / k];
        double[] advantages = new double[counts.length];
        for (int n = 0; n < counts.length; n++) {
            Overlap overlap = rule.overlap(Arrays.copyOfRange(tokens.ints(), n * k, (n + 1) * k),
                    MiniLlmCases.logProbs(logits, n, 1), Arrays.copyOfRange(teacher.values(), n * k, (n + 1) * k));
            counts[n] = overlap.count();
            advantages[n] = overlap.advantage();
        }
        c.compare("overlap_count", counts);
        c.compare("overlap_token_advantage", advantages);
    }
}
