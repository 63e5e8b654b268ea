package glia.model.block;

import glia.model.spec.Place;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttendedPositions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What layers find beside the stream: the encoder's hidden states, per-layer inputs, keys and values of earlier
/// layers, and the positions that the last indexer chose. Layers add to it. Its tensors have an order, so that a
/// segment of layers can take them as inputs and give the new ones as outputs.
final class CrossLayer {
    /// Keys and values of the tokens of a pass.
    record Attended(Tensor keys, Tensor values) { }

    private Optional<Tensor> encoded = Optional.empty();
    private Optional<Tensor> perLayer = Optional.empty();
    private Optional<AttendedPositions> chosen = Optional.empty();
    private final Map<Place, Attended> attended = new LinkedHashMap<>();

    CrossLayer() { }

    /// Forgets everything.
    void clear() {
        encoded = Optional.empty();
        perLayer = Optional.empty();
        chosen = Optional.empty();
        attended.clear();
    }

    /// Takes over what another one holds.
    void set(CrossLayer other) {
        encoded = other.encoded;
        perLayer = other.perLayer;
        chosen = other.chosen;
        attended.clear();
        attended.putAll(other.attended);
    }

    /// All tensors, the newest last.
    List<Tensor> tensors() {
        List<Tensor> all = new ArrayList<>();
        encoded.ifPresent(all::add);
        perLayer.ifPresent(all::add);
        attended.values().forEach(a -> {
            all.add(a.keys);
            all.add(a.values);
        });
        return all;
    }

    /// The same with other tensors, in the order of `tensors()`.
    CrossLayer with(List<Tensor> tensors) {
        CrossLayer other = new CrossLayer();
        other.chosen = chosen;
        int at = 0;
        if (encoded.isPresent()) {
            other.encoded = Optional.of(tensors.get(at++));
        }
        if (perLayer.isPresent()) {
            other.perLayer = Optional.of(tensors.get(at++));
        }
        for (Place place : attended.keySet()) {
            other.attended.put(place, new Attended(tensors.get(at++), tensors.get(at++)));
        }
        return other;
    }

    /// The encoder's hidden states `[M, D]` of the sources.
    Tensor encoded() {
        return encoded.orElseThrow(() -> new IllegalStateException("nothing was encoded"));
    }

    void encoded(Tensor states) {
        encoded = Optional.of(states);
    }

    /// What layers are told of the tokens, `[N, L·S]`.
    Tensor perLayer() {
        return perLayer.orElseThrow(() -> new IllegalStateException("layers are told nothing of the tokens"));
    }

    void perLayer(Tensor inputs) {
        perLayer = Optional.of(inputs);
    }

    /// Keys and values of an earlier layer.
    Attended attended(Place place) {
        return attended.get(place);
    }

    /// Notes keys and values for layers that follow.
    void attended(Place place, Tensor keys, Tensor values) {
        attended.put(place, new Attended(keys, values));
    }

    /// What the last indexer chose; nothing if it is all there is.
    Optional<AttendedPositions> chosen() {
        return chosen;
    }

    /// Notes what an indexer chose, for layers that follow it.
    Optional<AttendedPositions> choose(Optional<AttendedPositions> positions) {
        chosen = positions;
        return positions;
    }
}
