package glia.check.training;

import glia.check.reference.CaseParams;
import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.ops.Weight;
import glia.tensor.ops.logits.HeadDivergence;
import glia.tensor.ops.logits.LogitHead;
import glia.tensor.ops.logits.LogitRule;
import glia.train.distillation.Distillation.Reduction;
import glia.train.distillation.Distillation;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/// Generalized Jensen–Shannon divergences from logits, and from hidden states and heads.
public final class DistillationCases {
    private static final int IGNORED = -100;

    private DistillationCases() { }

    public static void run(ReferenceCase c) {
        switch (c.kind()) {
            case "gkd" -> logits(c);
            case "distillation_trainer" -> heads(c);
            default -> throw c.unknownKind("gkd or distillation_trainer");
        }
    }

    private static Distillation rule(CaseParams params, double usualBeta, double usualTemperature) {
        return Distillation.of(params.number("beta", usualBeta), params.number("temperature", usualTemperature));
    }

    // ---- from logits ---------------------------------------------------------------------------------------------

    private static void logits(ReferenceCase c) {
        CaseParams params = c.params();
        CaseTensor logits = c.input("student_logits");
        Value student = c.variable("student", logits);
        Value teacher = c.constant(c.input("teacher_logits"));
        Distillation rule = rule(params, 0.5, 1);
        boolean isLabeled = !params.names().contains("labels") || params.has("labels");
        int[] rows = rows(c, isLabeled, student.tensor().rows());
        // A number of items replaces the reduction, as in TRL.
        String reduction = params.has("num_items_in_batch") ? "batchmean" : params.text("reduction", "batchmean");
        params.has("reduction");
        if (reduction.equals("none")) {
            double[] perToken = new double[student.tensor().rows()];
            Tensor values = rule.perToken(student.rows(rows), teacher.rows(rows)).tensor();
            for (int i = 0; i < rows.length; i++) {
                perToken[rows[i]] = values.get(i);
            }
            c.compare("per_token", perToken);
            return;
        }
        Value loss = switch (reduction) {
            case "sum" -> rule.of(student, teacher, rows, Reduction.SUM);
            case "mean" -> rule.of(student, teacher, rows, Reduction.ELEMENT_MEAN);
            case "batchmean" -> {
                double items = params.number("num_items_in_batch", isLabeled ? Math.max(1, rows.length)
                        : logits.dim(0));
                yield rule.of(student, teacher, rows, Reduction.SUM).times(1 / items);
            }
            default -> throw new IllegalArgumentException("reduction: found " + reduction
                    + ", expected batchmean, sum, mean or none");
        };
        c.compareLoss(loss);
        c.compare("grad_student_logits", c.gradient("student"));
    }

    /// The rows with a label.
    private static int[] rows(ReferenceCase c, boolean isLabeled, int count) {
        if (!isLabeled) {
            return IntStream.range(0, count).toArray();
        }
        int[] labels = c.params().has("labels") ? labels(c, count) : c.input("labels").ints();
        return IntStream.range(0, count).filter(i -> labels[i] != IGNORED).toArray();
    }

    /// Labels that a parameter gives: the name of a tensor, or that there are none.
    private static int[] labels(ReferenceCase c, int count) {
        JsonNode labels = c.params().required("labels");
        if (labels.isString() && labels.asString().equals("all -100")) {
            int[] ignored = new int[count];
            Arrays.fill(ignored, IGNORED);
            return ignored;
        }
        return c.input(labels.asString()).ints();
    }

    // ---- from hidden states and heads ----------------------------------------------------------------------------

    private static void heads(ReferenceCase c) {
        CaseParams params = c.params();
        Distillation rule = rule(params, 1, 1);
        int[] mask = c.input("mask").ints();
        int[] rows = IntStream.range(0, mask.length).filter(i -> mask[i] != 0).toArray();
        Value student = scaled(params, "student", c.variable("hidden", c.input("student_hidden")));
        Value teacher = scaled(params, "teacher", c.constant(c.input("teacher_hidden")));
        LogitHead head = head(params, "student", c.weight("head", c.input("student_head")), rule);
        LogitHead teacherHead = head(params, "teacher", c.frozen(c.input("teacher_head")), rule);
        // The result does not depend on the size of the reference's parts.
        params.integer("chunk_size", 0);
        Value columns = new Value(c.ops(), c.ops().apply(new HeadDivergence(student.tensor(), head,
                teacher.tensor(), teacherHead, rows, rule.divergence())));
        double entropies = columns.column(HeadDivergence.Column.ENTROPY.ordinal()).sum().number();
        double items = params.number("num_items_in_batch", Math.max(1, rows.length));
        Value loss = columns.column(HeadDivergence.Column.DIVERGENCE.ordinal()).sum().times(1 / items);
        c.compareLoss(loss);
        c.compare("entropy_sum", entropies);
        c.compare("n_valid", rows.length);
        c.compare("grad_student_hidden", c.gradient("hidden"));
        c.compare("grad_student_head", c.gradient("head"));
    }

    private static Value scaled(CaseParams params, String model, Value hidden) {
        return hidden.times(params.number(model + "_logit_scale", 1));
    }

    /// Logits are scaled, capped and divided by the temperature, in this order.
    private static LogitHead head(CaseParams params, String model, Weight weight, Distillation rule) {
        double cap = params.number(model + "_softcap", Double.POSITIVE_INFINITY);
        return new LogitHead(weight, Optional.empty(),
                new LogitRule(1, (float) cap).withTemperature((float) rule.temperature()));
    }
}
