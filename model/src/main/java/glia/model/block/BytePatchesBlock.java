package glia.model.block;

import glia.model.spec.Attention;
import glia.model.spec.BytePatches;
import glia.model.spec.Norm;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.Sublayer;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.SparseAttention;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Gathers.SpreadRows;
import glia.tensor.ops.row.JoinedRows;
import glia.tensor.ops.row.Sums.GroupMaxima;
import glia.tensor.ops.row.Sums.GroupSums;
import glia.tensor.ops.row.Sums.Sum;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Patches of bytes, a transformer over them, and the bytes that read them (see `BytePatches`). All tensors have a row
/// for each patch that ends in the pass.
final class BytePatchesBlock implements Block {
    /// What makes the keys of bytes within a patch invisible.
    private static final float INVISIBLE = -30_000;

    private record Step(Place place, Block norm, Block mixer) {
        static List<Step> of(List<Sublayer> sublayers, int firstBranch, Mixers mixers, Place own) {
            List<Step> steps = new ArrayList<>();
            for (Sublayer s : sublayers) {
                Place place = new Place(own.sublayer(), firstBranch + steps.size());
                steps.add(new Step(place, NormBlock.of(s.before(), mixers.weights(), place, Role.BEFORE_WEIGHT,
                        Role.BEFORE_BIAS), mixers.of(s.mixer(), place)));
            }
            return steps;
        }

        static Tensor run(List<Step> steps, Ops ops, Tensor x, Pass pass, States states) {
            Tensor y = x;
            for (Step step : steps) {
                int mark = ops.mark();
                y = ops.residual(y, step.mixer.forward(ops, step.norm.forward(ops, y, pass, states), pass, states), 1);
                ops.release(mark);
            }
            return y;
        }
    }

    private final BytePatches spec;
    private final Place place;
    private final Weight embedding;
    private final List<Step> patcher;
    private final Block patcherNorm;
    private final Weight patcherHead;
    private final Weight slotInput;
    private final ReadingBlock joining;
    private final Optional<Weight> transform;
    private final List<Step> layers;
    private final Weight slotOutput;
    private final ReadingBlock reading;

    BytePatchesBlock(BytePatches spec, Mixers mixers, Place place) {
        this.spec = spec;
        this.place = place;
        Weights weights = mixers.weights();
        BytePatches.Patcher small = spec.patcher();
        embedding = weights.get(place, Role.PATCHER_EMBEDDING);
        patcher = Step.of(small.layers(), 1, mixers, place);
        patcherNorm = NormBlock.of(small.norm(), weights, place, Role.PATCHER_NORM, Role.PATCHER_NORM);
        patcherHead = weights.get(place, Role.PATCHER_HEAD);
        slotInput = weights.get(place, Role.SLOT_INPUT);
        layers = Step.of(spec.layers(), 1 + patcher.size(), mixers, place);
        int next = patcher.size() + layers.size() + spec.numJoining();
        joining = new ReadingBlock(spec.joining(), weights, new Place(place.sublayer(), next));
        transform = spec.joining().slots() * spec.hidden() == spec.width() ? Optional.empty()
                : Optional.of(weights.get(place, Role.TRANSFORM));
        slotOutput = weights.get(place, Role.SLOT_OUTPUT);
        reading = new ReadingBlock(spec.reading(), weights, new Place(place.sublayer(), next + 1));
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        int mark = ops.mark();
        boolean[] ends = ends(ops, pass, states);
        ops.release(mark);
        PatchedBytes patches = new PatchedBytes(spec, pass, states.recurrence(place, 1), ends);
        Tensor made = patches.count == 0 ? unseen(ops, x, pass, states) : slots(ops, x, pass, states, patches);
        Tensor read = ops.apply(new JoinedRows(patches.before(true), made, patches.read()));
        patches.keep(x, read);
        pass.crossLayer().patches(rows(ops, read, spec.reading().slots()), patches.runs());
        return reading.forward(ops, x, pass, states);
    }

    /// Where the patcher is uncertain of the byte that follows.
    private boolean[] ends(Ops ops, Pass pass, States states) {
        Tensor y = Step.run(patcher, ops, ops.embed(embedding, pass.tokens(), pass.numTokens()), pass, states);
        Tensor logits = ops.linear(patcherNorm.forward(ops, y, pass, states), patcherHead);
        boolean[] ends = new boolean[pass.numTokens()];
        for (int n = 0; n < ends.length; n++) {
            ends[n] = entropy(logits.rows(n, n + 1)) > spec.patcher().threshold();
        }
        return ends;
    }

    private static double entropy(Tensor logits) {
        double most = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < logits.cols(); i++) {
            most = Math.max(most, logits.get(i));
        }
        double sum = 0;
        double mean = 0;
        for (int i = 0; i < logits.cols(); i++) {
            double p = Math.exp(logits.get(i) - most);
            sum += p;
            mean += p * (logits.get(i) - most);
        }
        return Math.log(sum) - mean / sum;
    }

    /// Keeps what later patches need of bytes of which none ends a patch.
    private Tensor unseen(Ops ops, Tensor x, Pass pass, States states) {
        if (states != States.NONE) {
            Tensor[] kv = joining.keysAndValues(ops, x);
            states.keyValues(place, 0).append(kv[0], kv[1], pass.runs());
            for (int i = 0; i < layers.size(); i++) {
                if (spec.layers().get(i).mixer() instanceof BytePatches.OfPatches(Attention a)) {
                    Tensor keys = constant(x.rows(), a.numKeyValueHeads() * (a.headSize() + 1), 0);
                    for (long at = a.headSize(); at < keys.size(); at += a.headSize() + 1) {
                        keys.set(at, INVISIBLE);
                    }
                    states.keyValues(layers.get(i).place, 0).append(keys,
                            constant(x.rows(), a.numKeyValueHeads() * a.headSize(), 0), pass.runs());
                }
            }
        }
        return constant(0, spec.hidden() * spec.reading().slots(), 0);
    }

    /// The slots of the patches that end, `[C, k·D]`.
    private Tensor slots(Ops ops, Tensor x, Pass pass, States states, PatchedBytes patches) {
        int[] all = IntStream.range(0, patches.groups.length).toArray();
        Tensor seen = patches.groups.length == x.rows() ? x
                : ops.apply(new JoinedRows(x, patches.before(false), all));
        Tensor slots = ops.linear(ops.apply(new GroupMaxima(seen, patches.groups, patches.count)), slotInput);
        Tensor[] kv = joining.keysAndValues(ops, x);
        Tensor joined = null;
        int size = spec.hidden();
        for (int i = 0; i < spec.joining().slots(); i++) {
            Tensor slot = ops.apply(SliceColumns.of(slots, i * size, size));
            Tensor q = ops.apply(new SpreadRows(joining.queries(ops, slot), patches.rows(), x.rows()));
            Tensor mixed = ops.apply(new SparseAttention(q, kv[0], kv[1], states.keyValues(place, 0), pass.runs(),
                    patches.seen, joining.shape));
            Tensor update = joining.update(ops, ops.select(mixed, patches.rows(), patches.count), slot);
            Tensor next = ops.apply(new Sum(slot, 1, update, 1));
            joined = i == 0 ? next : ops.apply(new ConcatColumns(joined, next, 1, false));
        }
        Tensor y = transform.isEmpty() ? joined : ops.linear(joined, transform.get());
        return ops.linear(Step.run(layers, ops, y, patches.pass, states), slotOutput);
    }

    /// `[C, k·D]` as `[C·k, D]`.
    private static Tensor rows(Ops ops, Tensor x, int slots) {
        int count = x.rows();
        int size = x.cols() / slots;
        Tensor all = ops.apply(SliceColumns.of(x, 0, size));
        for (int i = 1; i < slots; i++) {
            all = ops.apply(new JoinedRows(all, ops.apply(SliceColumns.of(x, i * size, size)),
                    IntStream.range(0, (i + 1) * count).toArray()));
        }
        int[] order = IntStream.range(0, slots * count).map(i -> i % slots * count + i / slots).toArray();
        return ops.select(all, order, order.length);
    }

    static Tensor constant(int rows, int cols, float value) {
        Tensor x = Tensor.allocate(Arena.ofAuto(), DType.F32, rows, cols);
        for (long i = 0; i < x.size(); i++) {
            x.set(i, value);
        }
        return x;
    }

    /// Attention over patches (see `BytePatches.OfPatches`).
    static Block ofPatches(Attention attention, Weights weights, Place place, RopeTables ropes) {
        AttentionShape s = AttentionBlock.shape(attention);
        AttentionShape wide = new AttentionShape(s.numHeads(), s.numKeyValueHeads(), s.keySize() + 1, s.valueSize(),
                s.scale(), s.span());
        return new AttentionBlock(attention, weights, place, ropes, (ops, x, q, k, v, pass, states) -> {
            int[] rows = Arrays.copyOf(pass.tokens(), pass.numTokens());
            int count = pass.bytes.numTokens();
            Tensor visible = constant(count, 1, INVISIBLE);
            for (int row : rows) {
                visible.set(row, 0);
            }
            Tensor queries = ops.apply(new ConcatColumns(ops.apply(new SpreadRows(q, rows, count)),
                    constant(count, 1, 1), s.numHeads(), true));
            Tensor keys = ops.apply(new ConcatColumns(ops.apply(new SpreadRows(k, rows, count)), visible,
                    s.numKeyValueHeads(), true));
            Tensor mixed = ops.attention(queries, keys, ops.apply(new SpreadRows(v, rows, count)),
                    states.keyValues(place, 0), pass.bytes.runs(), wide);
            return ops.select(mixed, rows, rows.length);
        });
    }

    /// Embeddings of the last bytes (see `BytePatches.Hashes`).
    static Block hashes(BytePatches.Hashes spec, Weights weights, Place place) {
        Weight table = weights.get(place, Role.NGRAM_TABLE);
        int each = spec.primes().size() * spec.sizes().size();
        return (ops, x, pass, states) -> {
            RecurrentState state = spec.past() == 0 ? RecurrentState.NONE : states.recurrence(place, 0);
            int[] rows = new int[pass.numTokens() * each];
            int[] groups = new int[rows.length];
            Arrays.setAll(groups, i -> i / each);
            for (int run = 0; run < pass.runs().count(); run++) {
                int[] bytes = bytes(pass, run, spec.past(), state);
                int at = pass.runs().start(run) * each;
                for (int t = spec.past(); t < bytes.length; t++) {
                    for (int i = 0; i < each; i++) {
                        long hash = hash(bytes, t, spec.sizes().get(i % spec.sizes().size()),
                                spec.primes().get(i / spec.sizes().size()));
                        rows[at++] = i * spec.rows() + (int) Math.floorMod(hash, (long) spec.rows());
                    }
                }
            }
            return ops.apply(new GroupSums(ops.embed(table, rows, rows.length), groups, pass.numTokens()));
        };
    }

    /// The bytes of a run after those before it.
    private static int[] bytes(Pass pass, int run, int past, RecurrentState state) {
        int start = pass.runs().start(run);
        int length = pass.runs().end(run) - start;
        long before = state.before(run);
        long after = state.after(run);
        int[] bytes = new int[past + length];
        for (int i = 0; i < past && before != 0; i++) {
            bytes[i] = (int) Memory.f32(before + 4L * i);
        }
        System.arraycopy(pass.tokens(), start, bytes, past, length);
        for (int i = 0; i < past && after != 0; i++) {
            Memory.f32(after + 4L * i, bytes[length + i]);
        }
        return bytes;
    }

    private static long hash(int[] bytes, int t, int size, long prime) {
        long hash = 0;
        for (int i = t; i > t - size; i--) {
            hash = hash * prime + bytes[i];
        }
        return hash;
    }

    /// Cross attention to the slots of a patch (see `BytePatches.Reading`).
    static final class ReadingBlock implements Block {
        private final BytePatches.Reading spec;
        private final AttentionShape shape;
        private final Block queryNorm;
        private final Block keyNorm;
        private final Weight query;
        private final Weight key;
        private final Weight value;
        private final Weight output;

        ReadingBlock(BytePatches.Reading spec, Weights weights, Place place) {
            this.spec = spec;
            shape = new AttentionShape(spec.numHeads(), spec.numKeyValueHeads(), spec.headSize(), spec.headSize(),
                    (float) (1 / Math.sqrt(spec.headSize())), new Span.Bidirectional());
            Norm norm = new Norm.Rms(spec.eps(), 0);
            queryNorm = NormBlock.of(norm, weights, place, Role.QUERY_INPUT_NORM, Role.QUERY_INPUT_NORM);
            keyNorm = NormBlock.of(norm, weights, place, Role.KEY_INPUT_NORM, Role.KEY_INPUT_NORM);
            query = weights.get(place, Role.QUERY);
            key = weights.get(place, Role.KEY);
            value = weights.get(place, Role.VALUE);
            output = weights.get(place, Role.OUTPUT);
        }

        Tensor queries(Ops ops, Tensor x) {
            return ops.linear(queryNorm.forward(ops, x, null, States.NONE), query);
        }

        Tensor[] keysAndValues(Ops ops, Tensor x) {
            Tensor normed = keyNorm.forward(ops, x, null, States.NONE);
            return new Tensor[] {ops.linear(normed, key), ops.linear(normed, value)};
        }

        Tensor update(Ops ops, Tensor mixed, Tensor x) {
            return ops.apply(new Sum(ops.linear(mixed, output), 1, x, 1));
        }

        @Override
        public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
            CrossLayer.ReadPatches patches = pass.crossLayer().patches();
            Tensor[] kv = keysAndValues(ops, pass.crossLayer().encoded());
            return update(ops, ops.crossAttention(queries(ops, x), patches.bytes(), kv[0], kv[1], patches.slots(),
                    KeyValueState.NONE, shape), x);
        }
    }
}
