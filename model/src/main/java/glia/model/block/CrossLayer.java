package glia.model.block;

import glia.model.spec.Place;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.attention.IndexerLoss;
import glia.tensor.ops.expert.Routing;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Tensors that layers share besides the residual stream: the encoder's hidden states, embeddings, keys and
/// values of earlier layers, and the positions selected by the last indexer. The tensors are ordered, so that a
/// recomputed segment of layers has them as inputs and outputs. On request also what routers of experts did, which no
/// later layer reads.
final class CrossLayer {
    /// Keys and values of the tokens of a pass.
    record Attended(Tensor keys, Tensor values) { }

    /// Bytes in a row that read the same patch, and the slots of each; the slots themselves are `encoded`.
    record ReadPatches(Runs bytes, Runs slots) { }

    private Optional<Tensor> encoded = Optional.empty();
    private Optional<Tensor> perLayer = Optional.empty();
    private Optional<Tensor> embedded = Optional.empty();
    private List<Tensor> stacked = List.of();
    private Optional<AttendedPositions> chosen = Optional.empty();
    private Optional<IndexerLoss.Scores> scores = Optional.empty();
    private Optional<ReadPatches> patches = Optional.empty();
    private final Map<Place, Attended> attended = new LinkedHashMap<>();
    private final List<Tensor> inner = new ArrayList<>();
    private final List<RoutedTokens> routed = new ArrayList<>();
    private boolean collectsRouted;

    CrossLayer() { }

    /// Clears all.
    void clear() {
        encoded = Optional.empty();
        perLayer = Optional.empty();
        embedded = Optional.empty();
        stacked = List.of();
        inner.clear();
        chosen = Optional.empty();
        patches = Optional.empty();
        attended.clear();
        routed.clear();
    }

    /// Copies the contents of another one, except what routers did.
    void set(CrossLayer other) {
        encoded = other.encoded;
        perLayer = other.perLayer;
        embedded = other.embedded;
        stacked = other.stacked;
        inner.clear();
        inner.addAll(other.inner);
        chosen = other.chosen;
        patches = other.patches;
        attended.clear();
        attended.putAll(other.attended);
    }

    /// All tensors, in the order in which they were added.
    List<Tensor> tensors() {
        List<Tensor> all = new ArrayList<>();
        encoded.ifPresent(all::add);
        perLayer.ifPresent(all::add);
        embedded.ifPresent(all::add);
        all.addAll(stacked);
        attended.values().forEach(a -> {
            all.add(a.keys);
            all.add(a.values);
        });
        // Towers, which keep states of inner layers, share no keys and values.
        all.addAll(inner);
        return all;
    }

    /// A copy with other tensors, in the order of `tensors()`, and nothing routed yet.
    CrossLayer with(List<Tensor> tensors) {
        CrossLayer other = new CrossLayer();
        other.chosen = chosen;
        other.patches = patches;
        other.collectsRouted = collectsRouted;
        int at = 0;
        if (encoded.isPresent()) {
            other.encoded = Optional.of(tensors.get(at++));
        }
        if (perLayer.isPresent()) {
            other.perLayer = Optional.of(tensors.get(at++));
        }
        if (embedded.isPresent()) {
            other.embedded = Optional.of(tensors.get(at++));
        }
        other.stacked = List.copyOf(tensors.subList(at, at + stacked.size()));
        at += stacked.size();
        for (Place place : attended.keySet()) {
            other.attended.put(place, new Attended(tensors.get(at++), tensors.get(at++)));
        }
        other.inner.addAll(tensors.subList(at, at + inner.size()));
        return other;
    }

    /// The encoder's hidden states `[M, D]` of the sources.
    Tensor encoded() {
        return encoded.orElseThrow(() -> new IllegalStateException("nothing was encoded"));
    }

    void encoded(Tensor states) {
        encoded = Optional.of(states);
    }

    /// The per-layer embeddings, `[N, L·S]`.
    Tensor perLayer() {
        return perLayer.orElseThrow(() -> new IllegalStateException("there are no per-layer embeddings"));
    }

    void perLayer(Tensor inputs) {
        perLayer = Optional.of(inputs);
    }

    /// The embeddings of the tokens, `[N, D]`, where a layer reads them again.
    Tensor embedded() {
        return embedded.orElseThrow(() -> new IllegalStateException("the embeddings were not kept"));
    }

    void embedded(Tensor x) {
        embedded = Optional.of(x);
    }

    /// What rows add to the stream `[N, D]` after layer 0, 1 and so on (DeepStack, https://arxiv.org/abs/2406.04334).
    List<Tensor> stacked() {
        return stacked;
    }

    void stacked(List<Tensor> updates) {
        stacked = updates;
    }

    /// The stream after inner layers of a tower, in their order.
    List<Tensor> inner() {
        return inner;
    }

    /// Keys and values of an earlier layer.
    Attended attended(Place place) {
        return attended.get(place);
    }

    /// All keys and values of earlier layers.
    Map<Place, Attended> attended() {
        return attended;
    }

    /// Stores keys and values for later layers.
    void attended(Place place, Tensor keys, Tensor values) {
        attended.put(place, new Attended(keys, values));
    }

    /// The positions selected by the last indexer; empty if it selected all.
    Optional<AttendedPositions> chosen() {
        return chosen;
    }

    /// Stores the positions selected by an indexer, for later layers.
    Optional<AttendedPositions> choose(Optional<AttendedPositions> positions) {
        chosen = positions;
        return positions;
    }

    /// Stores what an indexer's scores are made of, for the loss at the attention that it chooses for.
    void scored(IndexerLoss.Scores ofIndexer) {
        scores = Optional.of(ofIndexer);
    }

    /// What the scores of the indexer of this layer are made of, once.
    Optional<IndexerLoss.Scores> takeScores() {
        Optional<IndexerLoss.Scores> taken = scores;
        scores = Optional.empty();
        return taken;
    }

    /// The patches that bytes read.
    ReadPatches patches() {
        return patches.orElseThrow(() -> new IllegalStateException("there are no patches"));
    }

    /// Stores the slots `[patches · k, D]` of patches, and which bytes read them.
    void patches(Tensor slots, ReadPatches read) {
        encoded(slots);
        patches = Optional.of(read);
    }

    /// Starts to collect what routers do, or to leave it.
    void collectRouted(boolean wanted) {
        collectsRouted = wanted;
        routed.clear();
    }

    /// Whether what routers do is collected.
    boolean collectsRouted() {
        return collectsRouted;
    }

    /// Adds what a router did, if it is collected.
    void addRouted(Place place, Tensor logits, Routing routing) {
        if (collectsRouted) {
            routed.add(new RoutedTokens(place, logits, routing));
        }
    }

    /// Adds what routers did in a segment.
    void addRouted(List<RoutedTokens> more) {
        routed.addAll(more);
    }

    /// What routers did so far, in the order of the layers.
    List<RoutedTokens> routed() {
        return routed;
    }
}
