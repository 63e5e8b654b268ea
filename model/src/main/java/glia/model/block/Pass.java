package glia.model.block;

import glia.model.spec.Tower;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// A flat batch: N tokens from any number of sequences, concatenated, without padding. Prefill, decode, mixed batches
/// and training all have this form. Mutable, so that a decode loop reuses one object.
public final class Pass {
    private static final int[] NONE_HIDDEN = {};

    /// The tokens of a run that get logits.
    public enum Outputs { NONE, LAST, ALL }

    private final Runs runs;
    private final CrossLayer crossLayer;
    private final AttendedPositions lists = new AttendedPositions();
    private int[] tokens = new int[16];
    private int[] positions = new int[16];
    private int[] segments = new int[16];
    private int[] outputs = new int[16];
    /// For each run the number of its last tokens that no token attends to.
    private int[] hidden = NONE_HIDDEN;
    private int numTokens;
    private int numOutputs;
    private Optional<Pass> source = Optional.empty();
    private Optional<EncodedPrefix> encoded = Optional.empty();
    private Optional<Tensor> probabilities = Optional.empty();
    private List<Part> parts = List.of();
    private Runs windows;
    /// Null for none, as the next two.
    private LayerHook hook;
    CrossWatcher watcher;
    /// The bytes whose patches this pass has, each the token of the patch's last byte.
    Pass bytes;

    /// Rows in the pass, from `from` on. The first takes the place of token `start`.
    public record Part(int start, Input.Rows rows, int from, int count) { }

    public Pass() {
        this(new Runs(), new CrossLayer());
    }

    private Pass(Runs runs, CrossLayer crossLayer) {
        this.runs = runs;
        this.crossLayer = crossLayer;
    }

    /// An immutable copy for a recording.
    public Pass frozen(Ops ops) {
        Pass copy = new Pass(runs.frozen(), new CrossLayer());
        copy.crossLayer.collectRouted(crossLayer.collectsRouted());
        copy.tokens = ops.copyOf(tokens, numTokens);
        copy.positions = ops.copyOf(positions, numTokens);
        copy.segments = ops.copyOf(segments, numTokens);
        copy.outputs = ops.copyOf(outputs, numOutputs);
        copy.hidden = hidden.clone();
        copy.numTokens = numTokens;
        copy.numOutputs = numOutputs;
        copy.source = source.map(s -> s.frozen(ops));
        copy.parts = List.copyOf(parts);
        copy.windows = windows == null ? null : windows.frozen();
        copy.watcher = watcher;
        copy.encoded = encoded;
        copy.probabilities = probabilities;
        return copy;
    }

    /// A copy with other cross-layer tensors.
    Pass with(CrossLayer other) {
        Pass view = new Pass(runs, other);
        view.tokens = tokens;
        view.positions = positions;
        view.segments = segments;
        view.outputs = outputs;
        view.hidden = hidden;
        view.numTokens = numTokens;
        view.numOutputs = numOutputs;
        view.source = source;
        view.parts = parts;
        view.windows = windows;
        view.watcher = watcher;
        view.encoded = encoded;
        view.probabilities = probabilities;
        view.hook = hook;
        return view;
    }

    /// Clears all.
    public void clear() {
        runs.clear();
        hidden = NONE_HIDDEN;
        numTokens = 0;
        numOutputs = 0;
        parts = List.of();
        source.ifPresent(Pass::clear);
        encoded = Optional.empty();
        probabilities = Optional.empty();
        crossLayer.clear();
        hook = null;
    }

    /// Sets what reads or changes activations of layers until `clear`, not of an encoder or MTP layers; null for none.
    public Pass hook(LayerHook ofLayers) {
        hook = ofLayers;
        return this;
    }

    /// The hook, or null.
    LayerHook hook() {
        return hook;
    }

    /// Appends `ids[from..to)` of one sequence, the first at `position`.
    public Pass add(int[] ids, int from, int to, int position, Outputs wanted) {
        return add(ids, from, to, position, position, wanted);
    }

    /// The same with other positions for rotary embedding, the first at `rotary`.
    public Pass add(int[] ids, int from, int to, int position, int rotary, Outputs wanted) {
        runs.begin(to - from, position).addPositions(to - from, rotary);
        return append(ids, from, to, position, wanted);
    }

    /// Appends `input[from..to)` of one sequence.
    public Pass add(Input input, int from, int to, Outputs wanted) {
        return add(input.ids(), input.embedded(), from, to, from, wanted);
    }

    /// Appends `ids[from..to)` of one sequence, with rows in the place of some.
    ///
    /// @param embedded rows of the whole sequence
    /// @param position the index of `from` in the sequence: those of `embedded` count from its start
    /// @throws IllegalArgumentException if rows that see each other in both directions are cut
    public Pass add(int[] ids, List<Input.Embedded> embedded, int from, int to, int position, Outputs wanted) {
        if (embedded.isEmpty()) {
            return add(ids, from, to, position, wanted);
        }
        int end = position + to - from;
        if (Input.chunkEnd(embedded, position, end) != end) {
            throw new IllegalArgumentException("a chunk that ends at token " + end + ", within rows that see each "
                    + "other in both directions; expected a place of Input.chunkEnd");
        }
        runs.begin(to - from, position);
        int at = position;
        int shift = Input.shift(embedded, position);
        for (Input.Embedded e : embedded) {
            Input.Rows rows = e.rows();
            if (e.end() <= at || e.start() >= end) {
                continue;
            }
            runs.addPositions(Math.max(0, e.start() - at), at + shift);
            int first = Math.max(0, at - e.start());
            int count = Math.min(end, e.end()) - e.start() - first;
            if (rows.positions().length == 0) {
                runs.addPositions(count, e.start() + first + shift);
            } else {
                runs.addPositions(count, e.start() + shift, rows.positions(), first, rows.numAxes());
            }
            if (rows.sight() != Tower.Sight.CAUSAL) {
                runs.see(e.start(), e.end() - 1, rows.sight() == Tower.Sight.MUTUAL_IN_WINDOWS);
            }
            if (!rows.areTokens()) {
                parts = parts.isEmpty() ? new ArrayList<>() : parts;
                parts.add(new Part(numTokens + e.start() + first - position, rows, first, count));
            }
            at = e.start() + first + count;
            shift += rows.advance() - rows.count();
        }
        runs.addPositions(end - at, at + shift);
        return append(ids, from, to, position, wanted);
    }

    private Pass append(int[] ids, int from, int to, int position, Outputs wanted) {
        int count = to - from;
        if (numTokens + count > tokens.length) {
            int size = Math.max(2 * tokens.length, numTokens + count);
            tokens = Arrays.copyOf(tokens, size);
            positions = Arrays.copyOf(positions, size);
            segments = Arrays.copyOf(segments, size);
            outputs = Arrays.copyOf(outputs, size);
        }
        System.arraycopy(ids, from, tokens, numTokens, count);
        for (int i = 0; i < count; i++) {
            positions[numTokens + i] = position + i;
            segments[numTokens + i] = 0;
            if (wanted == Outputs.ALL || wanted == Outputs.LAST && i == count - 1) {
                outputs[numOutputs++] = numTokens + i;
            }
        }
        numTokens += count;
        return this;
    }

    /// Selects output tokens of the last added run, which was added without any.
    ///
    /// @param places the tokens that get logits, counted from the start of the run, ascending
    /// @throws IllegalArgumentException if they are not among the run's tokens or do not ascend
    public Pass want(int... places) {
        int start = runs.start(runs.count() - 1);
        requirePlaces(places, numTokens - start);
        if (numOutputs > 0 && outputs[numOutputs - 1] >= start) {
            throw new IllegalArgumentException("the last run was added with outputs");
        }
        for (int place : places) {
            outputs[numOutputs++] = start + place;
        }
        return this;
    }

    /// Selects one more output token of the last added run, after those selected before.
    ///
    /// @throws IllegalArgumentException if it is not among the run's tokens or does not follow the others
    public Pass want(int place) {
        int token = runs.start(runs.count() - 1) + place;
        if (place < 0 || token >= numTokens || numOutputs > 0 && outputs[numOutputs - 1] >= token) {
            throw new IllegalArgumentException("output " + place + " of a run of " + (numTokens - token + place)
                    + " tokens; expected ascending places in it");
        }
        outputs[numOutputs++] = token;
        return this;
    }

    /// Throws `IllegalArgumentException` unless `places` are ascending places in a run of `count` tokens.
    public static void requirePlaces(int[] places, int count) {
        int after = -1;
        for (int place : places) {
            if (place <= after || place >= count) {
                throw new IllegalArgumentException("outputs " + Arrays.toString(places) + " of a run of " + count
                        + " tokens; expected ascending places in it");
            }
            after = place;
        }
    }

    /// Sets the encoder's source of the last added run; empty if the sequence has its source already. In a model with
    /// an encoder every run needs this call.
    public Pass from(int[] ids, int from, int to) {
        source().add(ids, from, to, 0, Outputs.ALL);
        return this;
    }

    /// The same for a source with rows, such as a sound.
    public Pass from(Input input) {
        source().add(input, 0, input.ids().length, Outputs.ALL);
        return this;
    }

    /// The sources as a pass, one run for each run.
    public Pass source() {
        if (source.isEmpty()) {
            source = Optional.of(new Pass());
        }
        return source.get();
    }

    /// Sets what watches cross attention in this and later passes; null for nothing.
    public void watch(CrossWatcher other) {
        watcher = other;
    }

    /// Sets the encoded prefix of the pass's only run, a canvas, in place of its source.
    public Pass after(EncodedPrefix prefix) {
        encoded = Optional.of(prefix);
        return this;
    }

    /// The encoded prefix, if there is one.
    Optional<EncodedPrefix> encoded() {
        return encoded;
    }

    /// Sets the probabilities `[numTokens, V]` that self-conditioning reads: those of the step before, zeros for a
    /// token without. They are not copied.
    public Pass condition(Tensor ofTokens) {
        probabilities = Optional.of(ofTokens);
        return this;
    }

    /// The probabilities of the step before, if there are any.
    Optional<Tensor> probabilities() {
        return probabilities;
    }

    /// Makes passes through a model keep what its routers of experts do: `routed`.
    public void collectRouted() {
        crossLayer.collectRouted(true);
    }

    /// What the routers of experts did in the last pass, in the order of the layers, if it is collected.
    public List<RoutedTokens> routed() {
        return List.copyOf(crossLayer.routed());
    }

    /// The cross-layer tensors.
    CrossLayer crossLayer() {
        return crossLayer;
    }

    public Runs runs() {
        return runs;
    }

    /// Sets the windows of windowed attention: all tokens in runs of their own.
    void windows(Runs all) {
        windows = all;
    }

    /// The windows of windowed attention.
    Runs windows() {
        return windows;
    }

    /// The rows that take the place of tokens, ascending.
    public List<Part> parts() {
        return parts;
    }

    public int numTokens() {
        return numTokens;
    }

    /// The token ids; only the first `numTokens()` are valid.
    public int[] tokens() {
        return tokens;
    }

    /// The position of each token in its sequence.
    public int[] positions() {
        return positions;
    }

    /// The segment of each token, by default 0, such as the sentence of a pair.
    public int[] segments() {
        return segments;
    }

    /// Sets the segment of the last `count` tokens.
    public Pass segment(int count, int segment) {
        Arrays.fill(segments, numTokens - count, numTokens, segment);
        return this;
    }

    /// Hides the last `count` tokens of the last run: they attend to the others, but no token attends to them, like the
    /// masks that fill a query of ColBERT. For models without a cache.
    ///
    /// @throws IllegalArgumentException if the run has no token besides
    public Pass hide(int count) {
        int run = runs.count() - 1;
        if (count < 0 || count >= runs.end(run) - runs.start(run)) {
            throw new IllegalArgumentException(count + " hidden tokens of a run of "
                    + (runs.end(run) - runs.start(run)) + ", expected fewer");
        }
        hidden = Arrays.copyOf(hidden, run + 1);
        hidden[run] = count;
        return this;
    }

    /// Whether some tokens are hidden from attention.
    public boolean hidesTokens() {
        return hidden.length > 0 && Arrays.stream(hidden).anyMatch(count -> count > 0);
    }

    /// The runs without hidden tokens.
    Runs attendedRuns() {
        Runs attended = new Runs();
        for (int run = 0; run < runs.count(); run++) {
            attended.add(runs.end(run) - runs.start(run) - (run < hidden.length ? hidden[run] : 0), 0);
        }
        return attended;
    }

    /// The tokens that are not hidden, ascending.
    int[] attendedTokens() {
        return IntStream.range(0, runs.count()).flatMap(run -> IntStream.range(runs.start(run),
                runs.end(run) - (run < hidden.length ? hidden[run] : 0))).toArray();
    }

    /// The tokens that get logits, ascending; only the first `numOutputs()` are valid.
    public int[] outputs() {
        return outputs;
    }

    public int numOutputs() {
        return numOutputs;
    }

    /// Memory for the positions that an indexer selects. Without states, as in training, it is new each time, for the
    /// backward pass; otherwise it is reused.
    AttendedPositions newLists(States states) {
        return states == States.NONE ? new AttendedPositions() : lists;
    }
}
