package glia.plan.predict;

import glia.model.cost.LayerKind;
import glia.model.cost.ParameterCount;
import glia.model.cost.TokenCost;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameters;
import java.util.List;

/// What the cost of a model depends on.
///
/// @param parameters all parameters
/// @param active the parameters that multiply one token: the head, not the embedding, of experts the chosen ones
/// @param width heads times head size, summed over layers with attention, in numbers: a token at position n costs
///     `4 · width · n` FLOPs of attention
/// @param cacheNumbers the numbers that a token adds to the KV cache
/// @param windowed the numbers that it adds in layers with a window, which keep the last tokens only
/// @param window tokens of these windows, on average
/// @param layers the number of layers
/// @param hidden the size of the residual stream
/// @param experts the parameters of routed experts
/// @param chosenPart the chosen experts of a token as a part of all; 1 for a dense model
public record Shape(double parameters, double active, double width, double cacheNumbers, double windowed,
        double window, double layers, double hidden, double experts, double chosenPart) {
    private static final int FAR = 1 << 14;
    /// One before the end of a chunk, which is when layers with chunks cache most.
    private static final int BEYOND_WINDOWS = (1 << 20) - 1;

    /// A shape of which all layers keep all tokens.
    public Shape(double parameters, double active, double width, double cacheNumbers, double layers, double hidden,
            double experts, double chosenPart) {
        this(parameters, active, width, cacheNumbers, 0, 0, layers, hidden, experts, chosenPart);
    }

    /// The shape of a model.
    public static Shape of(ModelSpec spec) {
        ParameterCount count = ParameterCount.of(spec);
        double total = count.total();
        double[] experts = {0};
        Parameters.forEach(spec, (p, shape) -> experts[0] += p.expert() >= 0 ? Parameters.size(shape) : 0);
        double routed = experts[0];
        List<LayerKind> kinds = LayerKind.of(spec);
        double cache = kinds.stream().mapToLong(LayerKind::growth).sum();
        double first = numbers(kinds, 1);
        double windowed = numbers(kinds, 2) - first - cache;
        double bounded = numbers(kinds, BEYOND_WINDOWS) - BEYOND_WINDOWS * cache - (first - windowed - cache);
        double width = (TokenCost.operations(spec, 2 * FAR) - TokenCost.operations(spec, FAR)) / (4.0 * FAR);
        return new Shape(total, count.active(), width, cache, windowed, windowed > 0 ? bounded / windowed : 0,
                layers(spec), spec.hiddenSize(), routed,
                routed == 0 ? 1 : 1 - count.unused() / routed);
    }

    private static double numbers(List<LayerKind> kinds, int length) {
        return kinds.stream().mapToLong(kind -> kind.numbers(length, 1)).sum();
    }

    /// The numbers in the KV cache after some tokens.
    public double cached(double tokens) {
        return cacheNumbers * tokens + windowed * Math.min(tokens, window);
    }

    /// Two sublayers, attention and MLP, are one layer.
    private static double layers(ModelSpec spec) {
        return Math.max(1, spec.sublayers().size() / 2.0);
    }

    /// A dense model of which only the number of parameters is known: the layers of the usual models of its size.
    public static Shape ofParameters(double parameters, double active) {
        // 22 layers at 1.1 B, 32 at 7 B, 80 at 70 B.
        double layers = 22 * Math.pow(parameters / 1e9, 0.29);
        double hidden = Math.sqrt(Math.min(active, parameters) / (12 * layers));
        return new Shape(parameters, active, layers * hidden, layers * hidden / 2, layers, hidden,
                active < parameters ? parameters - active : 0, active / parameters);
    }

    /// The parameters of routed experts that a token chooses.
    double chosen() {
        return Math.min(active, experts * chosenPart);
    }

    /// The part of this model that is not routed experts, as a dense model.
    Shape withoutExperts() {
        return new Shape(parameters - experts, active - chosen(), width, cacheNumbers, windowed, window, layers,
                hidden, 0, 1);
    }

    /// The part of the experts that a batch reads, if each token chooses at random: `1 - (1 - k/E)^batch`.
    public double expertsRead(double batch) {
        return 1 - Math.pow(1 - chosenPart, batch);
    }

    /// The part of all weights that a step of a batch reads.
    double partRead(double batch) {
        return 1 - experts / parameters * (1 - expertsRead(batch));
    }

    /// Whether the model has routed experts.
    public boolean isSparse() {
        return experts > 0;
    }
}
