package glia.train.check;

import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.train.loss.TopKDistillation;
import glia.train.loss.TopKDistillation.Overlap;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;

/// verl's forward divergence on the teacher's most probable tokens.
public final class VerlDistillationCases implements CaseGroup {
    public VerlDistillationCases() { }

    @Override
    public String name() {
        return "verl-distillation";
    }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        CaseFile.run(folder, results, (c, comparison) -> {
            try (Variables variables = new Variables(kernels)) {
                run(c, comparison, variables);
            }
        });
    }

    private static void run(ReferenceCase c, Comparison comparison, Variables variables) {
        CaseTensor tokens = c.tensor("teacher_topk_ids");
        CaseTensor teacher = c.tensor("teacher_topk_log_probs");
        int k = c.params().integer("topk", tokens.dim(-1));
        if (k != tokens.dim(-1)) {
            throw new IllegalArgumentException("topk: found " + k + ", expected " + tokens.dim(-1)
                    + ", the number of the teacher's tokens");
        }
        CaseTensor logits = c.input("student_logits");
        TopKDistillation rule = new TopKDistillation(
                c.params().number("log_prob_min_clamp", Double.NEGATIVE_INFINITY));
        Value student = variables.variable("student", logits).logSoftmax().pick(tokens.ints());
        Value fixed = variables.constant(teacher);
        Value losses = rule.perToken(student, fixed);
        comparison.tensor("distillation_losses", losses.tensor(), Comparison.F32);
        comparison.tensor("student_mass", student.exp().rowSums().tensor(), Comparison.F32);
        comparison.tensor("teacher_mass", fixed.exp().rowSums().tensor(), Comparison.F32);
        variables.backward(losses.sum());
        comparison.tensor("grad_student_logits", variables.gradient("student"), Comparison.F32);
        double[] counts = new double[tokens.values().length / k];
        double[] advantages = new double[counts.length];
        for (int n = 0; n < counts.length; n++) {
            Overlap overlap = rule.overlap(Arrays.copyOfRange(tokens.ints(), n * k, (n + 1) * k),
                    MiniLlmCases.logProbs(logits, n, 1), Arrays.copyOfRange(teacher.values(), n * k, (n + 1) * k));
            counts[n] = overlap.count();
            advantages[n] = overlap.advantage();
        }
        comparison.tensor("overlap_count", counts, Comparison.F32);
        comparison.tensor("overlap_token_advantage", advantages, Comparison.F32);
    }
}
