package glia.engine.pass;

import glia.engine.state.BlockPool;
import glia.engine.state.ContextFullException;
import glia.engine.state.PrefixCache;
import glia.engine.state.Sequence;
import glia.engine.state.SequenceStates;
import glia.model.Model;
import glia.model.block.Decoder;
import glia.model.block.EncodedPrefix;
import glia.model.block.Input;
import glia.model.block.LayerHook;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.PageChoice;
import glia.tensor.ops.Compute;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/// Runs passes of a model over sequences, whose tokens, prefill and decode alike, are gathered by `add` and computed by
/// `run`. For one thread at a time: from its first `add` to the end of `run`, or while it holds a claim, others get an
/// exception. Concurrent threads use a [glia.engine.schedule.Scheduler].
public final class Engine implements AutoCloseable {
    /// Tokens of a prefill chunk: enough to reuse each weight, few enough to cancel quickly.
    public static final int CHUNK_TOKENS = 512;
    private static final Input NOTHING = Input.of();

    private final Model model;
    private final Decoder decoder;
    private final Precision precision;
    private final int context;
    private final Compute ops;
    private final BlockPool pool;
    private final SequenceStates states;
    private final Pass pass = new Pass();
    private final PassAdapters adapters;
    private final boolean looksAhead;
    private final EngineGuard guard;
    private final Engine shared;
    private PrefixCache prefixCache;
    private final EncodedRows encoded = new EncodedRows();
    private final Followers followers = new Followers();

    /// Creates an engine for the model's own context, whose sequences take `stateLimitBytes` together at most.
    public Engine(Model model, Kernels kernels, Precision precision, long stateLimitBytes) {
        this(model, kernels, precision, stateLimitBytes, model.spec().contextLength());
    }

    /// @param context the most tokens of a sequence; some rotary embeddings depend on it
    public Engine(Model model, Kernels kernels, Precision precision, long stateLimitBytes, int context) {
        this(model, kernels, precision, new BlockPool(stateLimitBytes), context, KeyValueType.F32);
    }

    /// @param pool the memory of all sequences, which `close` frees
    public Engine(Model model, Kernels kernels, Precision precision, BlockPool pool, int context, KeyValueType type) {
        this(model, kernels, precision, pool, context, type, null);
    }

    /// @param choice which pages of the KV cache single queries attend to; null for all
    public Engine(Model model, Kernels kernels, Precision precision, BlockPool pool, int context, KeyValueType type,
            PageChoice choice) {
        this(model, kernels, precision, pool, context, type, choice, null, null);
    }

    /// @param shared the engine whose sequences this one continues; null for none
    private Engine(Model model, Kernels kernels, Precision precision, BlockPool pool, int context, KeyValueType type,
            PageChoice choice, EngineGuard parent, Engine shared) {
        this.guard = new EngineGuard(parent, this::clear);
        this.shared = shared;
        this.model = model;
        this.context = context;
        this.decoder = model.decoder(context);
        this.precision = precision;
        this.ops = new Compute(kernels, precision).divide(model.dividedProducts());
        this.pool = pool;
        states = SequenceStates.of((shared == null ? this : shared).model, type, kernels.workers(), choice);
        this.looksAhead = model.spec().looksAhead();
        this.adapters = new PassAdapters(model.spec(), kernels);
    }

    /// Another engine of the same model, for sequences of up to `context` tokens.
    public Engine forContext(int context) {
        return other(model, context, keyValueType(), null);
    }

    /// Another engine of the same model with a KV cache of another type.
    public Engine withKeyValueType(KeyValueType type) {
        return other(model, context, type, null);
    }

    /// An engine of the model's first layers, with the same weights and KV cache. It continues sequences of this one;
    /// what it adds lacks the other layers' keys and values and must be truncated first ([Sequence#provisional]).
    /// @throws IllegalArgumentException if the model has no more layers than that, or cannot be truncated
    public Engine ofFirstLayers(int count) {
        return other(model.firstLayers(count), context, keyValueType(), this);
    }

    private Engine other(Model view, int otherContext, KeyValueType type, Engine sharedWith) {
        guard.requireOpen();
        followers.requireKnown();
        return new Engine(view, ops.kernels(), precision, sharedWith == null ? pool.another() : pool, otherContext,
                type, states.choice(), guard, sharedWith);
    }

    public KeyValueType keyValueType() {
        return states.type();
    }

    public Model model() {
        return model;
    }

    /// The ranks that follow this engine.
    public Followers followers() {
        return followers;
    }

    public Pass pass() {
        guard.requireOpen();
        return pass;
    }

    public Decoder decoder() {
        return decoder;
    }

    public Compute ops() {
        return ops;
    }

    /// A new, empty sequence.
    public Sequence open() {
        guard.requireOpen();
        return states.open(pool);
    }

    /// The prefix cache of this engine's sequences, evicted for sequences that lack memory, cleared by new weights.
    public PrefixCache prefixCache() {
        guard.requireOpen();
        if (prefixCache == null) {
            prefixCache = states.prefixCacheFor(pool, context, model.weights()::version);
        }
        return prefixCache;
    }

    /// Bytes of all sequences' states, each shared block counted once.
    public long stateBytes() {
        return pool.usedBytes();
    }

    /// Adds `ids[from..to)` to the pass as the next tokens of a sequence. Throws `IllegalArgumentException` if it was
    /// opened by another engine or is in the pass already.
    public void add(Sequence sequence, int[] ids, int from, int to, Pass.Outputs wanted) {
        add(sequence, ids, List.of(), from, to, wanted, NOTHING);
    }

    /// Adds tokens of which some get logits.
    /// @param wanted the tokens with logits, counted from `from`, ascending
    /// @throws IllegalArgumentException as above, or if they are not among the tokens or do not ascend
    public void add(Sequence sequence, int[] ids, int from, int to, int[] wanted) {
        guard.requireOpen();
        Pass.requirePlaces(wanted, to - from);
        add(sequence, ids, List.of(), from, to, Pass.Outputs.NONE, NOTHING);
        pass.want(wanted);
    }

    /// Adds tokens with rows in the place of some. Towers are run first, once for each content.
    /// @param embedded the rows of the whole sequence, whose places count from its start
    /// @throws IllegalArgumentException as above, or if rows are cut (`Input.chunkEnd`)
    public void add(Sequence sequence, int[] ids, List<Input.Embedded> embedded, int from, int to,
            Pass.Outputs wanted) {
        add(sequence, ids, embedded, from, to, wanted, NOTHING);
    }

    /// Adds the first tokens of a sequence of an encoder-decoder, whose encoder reads `source` first; empty if the
    /// sequence has one ([Sequence#restart]). Throws `IllegalArgumentException` if the model has no encoder.
    public void add(Sequence sequence, Input source, int[] ids, int from, int to, Pass.Outputs wanted) {
        guard.requireOpen();
        if (model.spec().encoder().isEmpty()) {
            throw new IllegalArgumentException("the model has no encoder to read a source");
        }
        add(sequence, ids, List.of(), from, to, wanted, source);
    }

    private void add(Sequence sequence, int[] ids, List<Input.Embedded> embedded, int from, int to,
            Pass.Outputs wanted, Input source) {
        guard.own();
        try {
            Objects.checkFromToIndex(from, to, ids.length);
            sequence.requireIn(pool);
            if (looksAhead) {
                throw new IllegalArgumentException(model.spec().diffusion().isPresent() ? "the model generates by text "
                        + "diffusion, not token after token" : "the model is an encoder, which does not generate text: "
                        + "use it for embeddings or masked tokens");
            }
            List<Input.Embedded> rows = embedded.isEmpty() ? embedded : whileOpen(() -> encoded.of(embedded,
                    sequence.length(), sequence.length() + to - from, ops, decoder, model.weights().version()));
            states.add(sequence);
            pass.add(ids, rows, from, to, sequence.length(), wanted);
            adapters.add(sequence);
            if (model.spec().encoder().isPresent()) {
                pass.from(source);
            }
        } finally {
            leave();
        }
    }

    /// Removes all tokens from the pass.
    public void discard() {
        guard.own();
        clear();
        leave();
    }

    /// Reserves the engine for this thread until `release`, to read results between passes. Claims may be nested.
    public void claim() {
        guard.own();
        guard.claim();
    }

    /// Claims the engine as [#claim] does, but waits in turn for other threads, also if the model is closed.
    public void awaitClaim() {
        guard.awaitOwnership();
        guard.claim();
    }

    /// Whether this thread owns the engine: it has claimed it, or added tokens.
    public boolean isOwned() {
        return guard.isOwned();
    }

    /// @throws IllegalStateException if tokens were added and not computed, or the model is closed
    public void requireIdle() {
        guard.requireOpen();
        if (pass.runs().count() > 0) {
            throw new IllegalStateException("tokens of " + pass.runs().count() + " sequences were added to the engine "
                    + "and not computed: call run or discard before something else is generated");
        }
    }

    /// Ends a claim.
    public void release() {
        guard.unclaim();
        leave();
    }

    private void clear() {
        pass.clear();
        states.clear();
        adapters.clear();
    }

    private void leave() {
        if (pass.runs().count() == 0) {
            guard.disownUnclaimed();
        }
    }

    /// Computes a pass over whole texts without a KV cache. `reader` reads the logits `[outputs, V]` during its call.
    public <T> T read(Pass texts, Function<Tensor, T> reader) {
        return computeWhole(() -> decoder.forward(ops, texts, States.NONE), reader);
    }

    /// Computes the last hidden states `[outputs, D]` of whole texts without a KV cache; `reader` as above.
    public <T> T hidden(Pass texts, Function<Tensor, T> reader) {
        return computeWhole(() -> decoder.hidden(ops, texts, States.NONE), reader);
    }

    /// Computes what the canvases of a text diffusion model, which has an encoder, see of the tokens before them.
    public EncodedPrefix encode(int... prefix) {
        return computeWhole(() -> decoder.encode(ops, prefix), Function.identity());
    }

    /// Computes something of the model with `ops()`, such as the rows of a picture; `reader` as above.
    public <S, T> T computeWhole(Supplier<S> forward, Function<S, T> reader) {
        return whileOpen(() -> {
            followers.requireKnown();
            claim();
            try {
                ops.release(0);
                ops.products().adapters().useNone();
                return reader.apply(forward.get());
            } finally {
                release();
            }
        });
    }

    /// Computes the pass to logits `[outputs, V]` in the order of the tokens; if it fails no sequence has changed.
    public Tensor run() {
        return run(null);
    }

    /// Computes the pass with a hook, which follows the control vectors of the sequences; null for none.
    public Tensor run(LayerHook hook) {
        return whileOpen(() -> advance(hook, () -> decoder.forward(ops, pass, states)));
    }

    /// Computes the pass up to the last hidden states `[outputs, D]`, the input of `logits`, valid until the next run.
    public Tensor runHidden() {
        return whileOpen(() -> advance(null, () -> decoder.hidden(ops, pass, states)));
    }

    /// The logits of hidden states.
    public Tensor logits(Tensor hidden) {
        guard.requireOpen();
        return decoder.logits(ops, hidden, pass, States.NONE);
    }

    public BlockPool pool() {
        return pool;
    }

    /// @throws IllegalStateException if the model is closed
    public void requireOpen() {
        guard.requireOpen();
    }

    /// Keeps the model open while `work` runs: `close` waits for it, and is refused to the work itself.
    /// @throws IllegalStateException if the model is closed
    public <T> T whileOpen(Supplier<T> work) {
        guard.beginUse();
        try {
            return work.get();
        } finally {
            guard.endUse();
        }
    }

    private Tensor advance(LayerHook hook, Supplier<Tensor> forward) {
        followers.requireKnown();
        guard.own();
        try {
            ops.release(0);
            adapters.use(ops, pass, hook);
            states.prepare(pass);
            Tensor result = forward.get();
            states.advance(pass.runs());
            return result;
        } catch (Throwable e) {
            states.retract();
            throw e;
        } finally {
            clear();
            leave();
        }
    }

    /// Prefills a sequence with `ids[from..to)`, in chunks.
    /// @param cancelled is called between chunks; true ends the prefill and keeps the chunks until then
    /// @return the logits `[1, V]` after the last token, or no row if cancelled
    /// @throws ContextFullException if the sequence would be longer than the context; then nothing is computed
    public Tensor prefill(Sequence sequence, int[] ids, int from, int to, BooleanSupplier cancelled) {
        guard.requireOpen();
        if (to <= from) {
            throw new IllegalArgumentException("a prompt of no tokens");
        }
        Objects.checkFromToIndex(from, to, ids.length);
        ContextFullException.require(sequence.length() + to - from, context);
        return prefill(sequence, ids, from - sequence.length(), to, cancelled, () -> { });
    }

    private Tensor prefill(Sequence sequence, int[] ids, int first, int to, BooleanSupplier cancelled,
            Runnable afterChunk) {
        while (true) {
            int at = sequence.length();
            int end = sequence.chunkEnd(Math.min(to - first, at + CHUNK_TOKENS));
            add(sequence, ids, at + first, end + first, end + first == to ? Pass.Outputs.LAST : Pass.Outputs.NONE);
            Tensor logits = run();
            afterChunk.run();
            if (end + first == to || cancelled.getAsBoolean()) {
                return logits;
            }
        }
    }

    /// Prefills the tokens of a prompt that a sequence of the prefix cache lacks, and caches them under `key`.
    public Tensor prefillCached(Object key, Sequence sequence, int[] ids, BooleanSupplier cancelled) {
        ContextFullException.require(ids.length, context);
        return prefill(sequence, ids, 0, ids.length, cancelled, () -> prefixCache().insert(key, sequence, ids));
    }

    @Override
    public void close() {
        if (guard.close()) {
            ops.close();
            if (shared == null) {
                pool.close();
            }
        }
    }
}
