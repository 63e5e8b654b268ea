package glia.check.training;

import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.tensor.autograd.Value;
import glia.train.distillation.Distillation.Reduction;
import glia.train.distillation.Distillation;
import glia.train.distillation.MiniLlm;
import java.util.Arrays;
import java.util.stream.IntStream;

/// The two parts of MiniLLM's loss.
public final class MiniLlmCases {
    private MiniLlmCases() { }

    public static void run(ReferenceCase c) {
        switch (c.kind()) {
            case "single_step" -> singleStep(c);
            case "advantage" -> advantages(c);
            default -> throw c.unknownKind("single_step or advantage");
        }
    }

    private static int[] mask(ReferenceCase c, int count) {
        int[] ones = new int[count];
        Arrays.fill(ones, 1);
        return c.params().flag("masked", c.hasInput("mask")) ? c.input("mask").ints() : ones;
    }

    private static void singleStep(ReferenceCase c) {
        CaseTensor logits = c.input("student_logits");
        Value student = c.variable("student", logits);
        Value teacher = c.constant(c.input("teacher_logits"));
        int[] mask = mask(c, student.tensor().rows());
        int[] rows = IntStream.range(0, mask.length).filter(i -> mask[i] != 0).toArray();
        boolean isMasked = c.params().flag("masked", c.hasInput("mask"));
        String reduction = c.params().text("reduction", "batchmean");
        double items = switch (reduction) {
            // Without a mask the reference divides by the number of sequences.
            case "batchmean" -> isMasked ? Math.max(1, rows.length) : logits.dim(0);
            case "sum" -> 1;
            case "mean" -> Math.max(1.0, (double) rows.length * logits.dim(-1));
            default -> throw new IllegalArgumentException("reduction: found " + reduction
                    + ", expected batchmean, sum or mean");
        };
        Value loss = Distillation.of(1, c.params().number("temperature", 1)).of(student, teacher, rows,
                Reduction.SUM).times(1 / items);
        c.compareLoss(loss);
        c.compare("grad_student_logits", c.gradient("student"));
    }

    private static void advantages(ReferenceCase c) {
        double temperature = c.params().number("temperature", 1);
        CaseTensor ids = c.input("ids");
        double[] student = logProbs(c.input("student_logits"), ids.ints(), temperature);
        double[] teacher = logProbs(c.input("teacher_logits"), ids.ints(), temperature);
        int[] mask = mask(c, student.length);
        int length = ids.dim(-1);
        MiniLlm rule = new MiniLlm(c.params().number("gamma"), c.params().flag("length_normalization", true));
        double[] all = new double[student.length];
        for (int from = 0; from < all.length; from += length) {
            boolean[] counts = new boolean[length];
            for (int t = 0; t < length; t++) {
                counts[t] = mask[from + t] != 0;
            }
            System.arraycopy(rule.advantages(Arrays.copyOfRange(student, from, from + length),
                    Arrays.copyOfRange(teacher, from, from + length), counts), 0, all, from, length);
        }
        c.compare("advantages", all, ReferenceCase.F64);
    }

    /// Log-probabilities of tokens, in F64.
    private static double[] logProbs(CaseTensor logits, int[] ids, double temperature) {
        double[] chosen = new double[ids.length];
        for (int n = 0; n < ids.length; n++) {
            chosen[n] = logProbs(logits, n, temperature)[ids[n]];
        }
        return chosen;
    }

    /// The log-probabilities of one row of logits, in F64.
    static double[] logProbs(CaseTensor logits, int row, double temperature) {
        int vocabSize = logits.dim(-1);
        double[] z = Arrays.copyOfRange(logits.values(), row * vocabSize, (row + 1) * vocabSize);
        double largest = Arrays.stream(z).max().orElse(0) / temperature;
        double sum = 0;
        for (int v = 0; v < vocabSize; v++) {
            z[v] /= temperature;
            sum += Math.exp(z[v] - largest);
        }
        double logSumExp = largest + Math.log(sum);
        return Arrays.stream(z).map(x -> x - logSumExp).toArray();
    }
}
