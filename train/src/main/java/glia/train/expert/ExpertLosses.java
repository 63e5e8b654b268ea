package glia.train.expert;

import glia.engine.training.RouterOutput;
import glia.tensor.autograd.Value;
import glia.tensor.ops.expert.Router;
import glia.tensor.ops.expert.RouterBalance;
import java.util.Arrays;
import java.util.List;

/// Auxiliary losses on the routers of a mixture of experts. Each takes the routers of all layers of a pass.
public final class ExpertLosses {
    private ExpertLosses() { }

    /// The load-balancing loss of Switch Transformers (https://arxiv.org/abs/2101.03961, equation 4), added up over the
    /// layers: `X · Σ_e f_e · P_e`, where f_e is the mean number of times that expert e is among a token's top k by
    /// probability, and P_e its mean probability. It is k for a layer whose experts have the same load.
    ///
    /// @throws IllegalArgumentException if there are no routers
    public static Value loadBalancing(List<RouterOutput> routers) {
        first(routers);
        return sum(routers, r -> loadBalancingOverLayers(List.of(r)));
    }

    /// The load-balancing loss over the tokens of all layers together, as transformers' `load_balancing_loss_func` of
    /// Mixtral. Experts of the same number in different layers count as one, so loads that are uneven in each layer may
    /// give the smallest value, k.
    ///
    /// @throws IllegalArgumentException if there are no routers, or layers have different numbers of experts
    public static Value loadBalancingOverLayers(List<RouterOutput> routers) {
        RouterOutput first = first(routers);
        int experts = first.numExperts();
        double[] counts = new double[experts];
        long tokens = 0;
        for (RouterOutput r : routers) {
            if (r.numExperts() != experts) {
                throw new IllegalArgumentException("layer " + r.layer() + " has " + r.numExperts() + " experts, layer "
                        + first.layer() + " has " + experts + "; the load-balancing loss needs one number of experts");
            }
            count(r, (token, expert) -> counts[expert]++);
            tokens += r.numTokens();
        }
        double[] factors = new double[experts];
        for (int e = 0; e < experts; e++) {
            factors[e] = experts * (counts[e] / tokens) / tokens;
        }
        return sum(routers, r -> of(r, Router.Score.SOFTMAX, new double[][] {factors}, new int[r.numTokens()]));
    }

    /// The sequence-wise balance loss of DeepSeek-V3 (https://arxiv.org/abs/2412.19437, equations 17 to 20), without
    /// its factor α: `Σ_e f_e · P_e` for each sequence of T tokens, with `f_e = X / (k · T)` times the number of tokens
    /// that have expert e among their top k by affinity, and P_e its mean normalized affinity. The mean over sequences,
    /// the sum over layers. It is 1 for a layer whose experts have the same load.
    ///
    /// @throws IllegalArgumentException if there are no routers
    public static Value sequenceBalance(List<RouterOutput> routers) {
        first(routers);
        return sum(routers, r -> {
            int sequences = r.sequences()[r.numTokens() - 1] + 1;
            double[][] factors = new double[sequences][r.numExperts()];
            int[] lengths = new int[sequences];
            count(r, (token, expert) -> factors[r.sequences()[token]][expert]++);
            Arrays.stream(r.sequences()).forEach(s -> lengths[s]++);
            for (int s = 0; s < sequences; s++) {
                double factor = r.numExperts() / ((double) r.routing().numChosen() * lengths[s] * lengths[s]
                        * sequences);
                for (int e = 0; e < r.numExperts(); e++) {
                    factors[s][e] *= factor;
                }
            }
            return of(r, r.routing().router().score(), factors, r.sequences());
        });
    }

    /// The router z-loss of ST-MoE (https://arxiv.org/abs/2202.08906, equation 5): the mean of `(ln Σ_e exp z_e)²` over
    /// the tokens of all layers together. It keeps logits small.
    ///
    /// @throws IllegalArgumentException if there are no routers
    public static Value zLoss(List<RouterOutput> routers) {
        first(routers);
        long tokens = routers.stream().mapToLong(RouterOutput::numTokens).sum();
        return sum(routers, r -> r.logits().column(0).minus(r.logits().logSoftmax().column(0)).square().sum())
                .times(1.0 / tokens);
    }

    private static RouterOutput first(List<RouterOutput> routers) {
        if (routers.isEmpty()) {
            throw new IllegalArgumentException("the model has no experts to balance");
        }
        return routers.getFirst();
    }

    private interface OfRouter {
        Value of(RouterOutput router);
    }

    private static Value sum(List<RouterOutput> routers, OfRouter part) {
        Value sum = part.of(routers.getFirst());
        for (RouterOutput r : routers.subList(1, routers.size())) {
            sum = sum.plus(part.of(r));
        }
        return sum;
    }

    private static Value of(RouterOutput r, Router.Score score, double[][] factors, int[] groups) {
        return r.logits().apply(z -> new RouterBalance(z, score, factors, groups));
    }

    private interface Choice {
        void of(int token, int expert);
    }

    /// Calls back for each of the k largest logits of each token; the lower index wins among equal ones. Without
    /// correction and groups these are the chosen experts.
    private static void count(RouterOutput r, Choice choice) {
        int experts = r.numExperts();
        float[] row = new float[experts];
        for (int n = 0; n < r.numTokens(); n++) {
            for (int e = 0; e < experts; e++) {
                row[e] = r.logits().tensor().get((long) n * experts + e);
            }
            for (int j = 0; j < r.routing().numChosen(); j++) {
                int best = 0;
                for (int e = 1; e < experts; e++) {
                    best = row[e] > row[best] ? e : best;
                }
                choice.of(n, best);
                row[best] = Float.NEGATIVE_INFINITY;
            }
        }
    }
}
