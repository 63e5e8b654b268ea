package glia.tensor.ops;

import glia.tensor.ops.expert.Router.Correction;
import glia.tensor.ops.expert.Router.Groups;
import glia.tensor.ops.expert.Router.Score;
import glia.tensor.ops.expert.Router;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/// Routing as in the papers, in F64, token by token, by sorting.
record RouterReference(Router router, int numExperts, double[] correction) {
    RouterReference(Router router, int numExperts) {
        this(router, numExperts, new double[numExperts]);
    }

    double[] scores(double[] logits) {
        double sum = Arrays.stream(logits).map(Math::exp).sum();
        return Arrays.stream(logits).map(x -> switch (router.score()) {
            case LOGIT -> x;
            case SOFTMAX -> Math.exp(x) / sum;
            case SIGMOID -> 1 / (1 + Math.exp(-x));
            case ROOT_SOFTPLUS -> Math.sqrt(Math.log(1 + Math.exp(x)));
        }).toArray();
    }

    List<Integer> choose(double[] logits) {
        double[] s = scores(logits);
        for (int e = 0; e < s.length && router.correction() == Correction.LEARNED; e++) {
            s[e] += correction[e];
        }
        List<Integer> allowed = switch (router.groups()) {
            case Groups.All all -> IntStream.range(0, numExperts).boxed().toList();
            case Groups.Best best -> {
                int size = numExperts / best.count();
                List<Integer> kept = IntStream.range(0, best.count()).boxed()
                        .sorted(Comparator.comparingDouble(g -> -worth(s, g * size, size, best.by())))
                        .limit(best.kept()).toList();
                yield IntStream.range(0, numExperts).boxed().filter(e -> kept.contains(e / size)).toList();
            }
        };
        return allowed.stream().sorted(Comparator.comparingDouble(e -> -s[e])).limit(router.numChosen()).toList();
    }

    private static double worth(double[] s, int from, int size, Router.By by) {
        return Arrays.stream(s, from, from + size).boxed().sorted(Comparator.reverseOrder())
                .limit(by == Router.By.BEST ? 1 : 2).mapToDouble(x -> x).sum();
    }

    double[] weights(double[] logits) {
        double[] s = scores(logits);
        double[] v = choose(logits).stream().mapToDouble(e -> s[e]).toArray();
        DoubleStream shares = switch (router.share()) {
            case AS_IS -> Arrays.stream(v);
            case NORMALIZED -> Arrays.stream(v).map(x -> x / Arrays.stream(v).sum());
            case SOFTMAX -> Arrays.stream(v).map(x -> Math.exp(x) / Arrays.stream(v).map(Math::exp).sum());
            case SPARSE_MIXER -> IntStream.range(0, v.length).mapToDouble(j -> sparse(s, choose(logits), j));
        };
        return shares.map(x -> x * router.scale()).toArray();
    }

    private double sparse(double[] s, List<Integer> chosen, int choice) {
        double best = s[chosen.get(choice)];
        return Math.exp(best) / IntStream.range(0, s.length).filter(e -> !chosen.subList(0, choice).contains(e))
                .filter(e -> (best - s[e]) / Math.max(Math.abs(s[e]), best) <= 2 * router.jitter())
                .mapToDouble(e -> Math.exp(s[e])).sum();
    }

    /// For all tokens.
    double[] allWeights(double[] logits) {
        return IntStream.range(0, logits.length / numExperts).mapToObj(n -> row(logits, n)).map(this::weights)
                .flatMapToDouble(Arrays::stream).toArray();
    }

    double[] row(double[] logits, int n) {
        return Arrays.copyOfRange(logits, n * numExperts, (n + 1) * numExperts);
    }

    static Router of(int k, Score score, Groups groups, Router.Share share, float scale) {
        return new Router(k, score, Correction.NONE, groups, share, scale);
    }
}
