package glia.check.policy;

import glia.check.reference.CaseParams;
import glia.check.reference.ReferenceCase;
import glia.reason.policy.correction.RejectionRule;
import glia.reason.policy.correction.RolloutWeights;
import glia.reason.policy.correction.SampledTokens;
import glia.reason.policy.correction.SamplerDivergence;
import java.util.Arrays;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// verl's correction for the difference between training and sampler.
final class RolloutCorrectionCases {
    private static final String PREFIX = "rollout_corr/";

    private RolloutCorrectionCases() { }

    static void run(ReferenceCase c) {
        CaseParams p = c.params();
        CaseRows rows = new CaseRows(c.input("mask"));
        SampledTokens tokens = new SampledTokens(rows.sequences(), rows.numSequences(),
                rows.of(c.input("logp_old")), rows.of(c.input("logp_rollout")));
        double[] mask = new double[rows.numRows()];
        Arrays.fill(mask, 1);
        if (p.has("rollout_is")) {
            RolloutWeights.Result result = RolloutWeights.of(p.text("rollout_is"),
                    threshold(p, "rollout_is_threshold", "2.0"), p.flag("rollout_is_batch_normalize", false))
                    .of(tokens);
            rows.compare(c, "weights", result.weights().weights(), ReferenceCase.F64);
            compare(c, result.figures());
        }
        if (p.has("rollout_rs")) {
            RejectionRule.Result result = RejectionRule.apply(RejectionRule.parse(p.text("rollout_rs"),
                    threshold(p, "rollout_rs_threshold", "")), tokens);
            Arrays.setAll(mask, n -> result.kept()[n] ? 1 : 0);
            compare(c, result.figures());
        }
        rows.compare(c, "modified_mask", mask, ReferenceCase.F64);
        compare(c, SamplerDivergence.figures(tokens));
    }

    /// A threshold, which is a number or a text.
    private static String threshold(CaseParams p, String name, String ifAbsent) {
        JsonNode node = p.has(name) ? p.required(name) : null;
        return node == null ? ifAbsent : node.isString() ? node.asString() : Double.toString(node.doubleValue());
    }

    private static void compare(ReferenceCase c, Map<String, Double> figures) {
        figures.forEach((name, value) -> c.compare(PREFIX + name, value, ReferenceCase.F64));
    }
}
