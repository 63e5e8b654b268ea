package glia.engine.steer;

import glia.model.spec.ModelSpec;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// The control vectors of a request: after layer l the residual stream of each of its tokens, those of the prompt too,
/// becomes `x + Σ scale · direction_l`. In models with several residual streams this is added to each.
public final class Steering {
    /// Nothing is added.
    public static final Steering NONE = new Steering(List.of());

    /// A control vector with a scale, in some layers.
    ///
    /// @param scale 0: it is known to requests by its name, but adds nothing
    /// @param firstLayer the first layer, from 0
    /// @param lastLayer the last one, included
    public record Part(ControlVector vector, double scale, int firstLayer, int lastLayer) {
        public Part {
            if (!Double.isFinite(scale)) {
                throw new IllegalArgumentException("the scale of the control vector " + vector.name() + " is " + scale
                        + ", expected a finite number");
            }
            if (firstLayer > lastLayer || vector.directions().subMap(firstLayer, lastLayer + 1).isEmpty()) {
                throw new IllegalArgumentException("the control vector " + vector.name() + " has no direction in "
                        + "layers " + firstLayer + " to " + lastLayer + "; it has those of "
                        + vector.directions().firstKey() + " to " + vector.directions().lastKey());
            }
        }

        /// In all layers.
        public Part(ControlVector vector, double scale) {
            this(vector, scale, 0, Integer.MAX_VALUE - 1);
        }
    }

    private final List<Part> parts;
    private final String key;
    /// By layer; null where nothing is added.
    private final Tensor[] sums;

    private Steering(List<Part> parts) {
        this.parts = List.copyOf(parts);
        List<Part> active = parts.stream().filter(p -> p.scale != 0).toList();
        key = active.stream().map(p -> p.vector.hash() + ":" + p.scale + ":" + p.firstLayer + "-" + p.lastLayer)
                .collect(Collectors.joining(" "));
        Map<Integer, float[]> sum = new TreeMap<>();
        for (Part part : active) {
            part.vector.directions().subMap(part.firstLayer, part.lastLayer + 1).forEach((layer, direction) -> {
                float[] all = sum.computeIfAbsent(layer, _ -> new float[direction.length]);
                for (int i = 0; i < all.length; i++) {
                    all[i] += (float) (part.scale * direction[i]);
                }
            });
        }
        sums = new Tensor[sum.keySet().stream().mapToInt(l -> l + 1).max().orElse(0)];
        sum.forEach((layer, all) -> sums[layer] = Tensor.of(Arena.ofAuto(), all, all.length));
    }

    /// @throws IllegalArgumentException if two have one name, or different sizes
    public static Steering of(List<Part> parts) {
        if (parts.isEmpty()) {
            return NONE;
        }
        if (parts.stream().map(p -> p.vector.name()).distinct().count() < parts.size()) {
            throw new IllegalArgumentException("two control vectors have the same name: "
                    + parts.stream().map(p -> p.vector.name()).toList());
        }
        if (parts.stream().map(p -> p.vector.size()).distinct().count() > 1) {
            throw new IllegalArgumentException("the control vectors have different sizes: "
                    + parts.stream().map(p -> p.vector.name() + " " + p.vector.size()).toList());
        }
        return new Steering(parts);
    }

    /// The control vectors, also those with a scale of 0.
    public List<Part> parts() {
        return parts;
    }

    /// Whether nothing is added.
    public boolean isNone() {
        return key.isEmpty();
    }

    /// A text that is the same for those that add the same and differs for others: tokens that were computed with
    /// another key are not reused.
    public String key() {
        return key;
    }

    /// What is added after a layer, `[D]`; null for nothing.
    public Tensor sum(int layer) {
        return layer < sums.length ? sums[layer] : null;
    }

    /// These control vectors with the scales of a request, 0 for those that it does not name.
    ///
    /// @throws IllegalArgumentException if there is none of a name
    public Steering scaled(Map<String, Double> scales) {
        List<String> names = parts.stream().map(p -> p.vector.name()).toList();
        for (String name : scales.keySet()) {
            if (!names.contains(name)) {
                throw new IllegalArgumentException("there is no control vector '" + name + "'; "
                        + (names.isEmpty() ? "the server was started without --control-vector"
                        : "there are " + String.join(", ", names)));
            }
        }
        List<Part> others = new ArrayList<>();
        parts.forEach(p -> others.add(new Part(p.vector, scales.getOrDefault(p.vector.name(), 0.0), p.firstLayer,
                p.lastLayer)));
        return of(others);
    }

    /// @throws IllegalArgumentException if one is not for such a model
    public void require(ModelSpec spec) {
        parts.forEach(p -> p.vector.require(spec));
    }
}
