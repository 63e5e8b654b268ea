package glia.engine;

import glia.engine.schedule.ContextFullException;
import glia.engine.schedule.Steps;
import glia.engine.state.BlockPool;
import glia.engine.state.PrefixCache;
import glia.engine.state.Sequence;
import glia.engine.state.SequenceStates;
import glia.model.Model;
import glia.model.block.Decoder;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Compute;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// Runs passes of a model over sequences. Tokens of several sequences, prompts and single steps alike, are gathered by
/// `add` and computed together by `run`. For one thread at a time: from its first `add` to the end of `run`, or for as
/// long as it has claimed the engine, all others get an exception. Threads that have no order among them go through a
/// [glia.engine.schedule.Scheduler].
public final class Engine implements AutoCloseable {
    /// Tokens of one prompt computed at once: enough to reuse each weight, few enough to stop soon.
    public static final int CHUNK_TOKENS = 512;
    private static final int WARM_UP_TOKENS = 16;
    private static final int WARM_UP_STEPS = 4;
    private static final int[] NOTHING = {};

    private final Model model;
    private final Decoder decoder;
    private final Precision precision;
    private final KeyValueType keyValueType;
    private final long stateLimitBytes;
    private final int context;
    private final Compute ops;
    private final BlockPool pool;
    private final SequenceStates states;
    private final Pass pass = new Pass();
    private final boolean looksAhead;
    private final UseGuard guard;
    /// Made when it is first asked for.
    private PrefixCache prefixCache;
    private final ThreadOwner owner = new ThreadOwner();

    /// An engine for sequences as long as the model was made for.
    ///
    /// @param stateLimitBytes the most memory that all sequences may take together
    public Engine(Model model, Kernels kernels, Precision precision, long stateLimitBytes) {
        this(model, kernels, precision, stateLimitBytes, model.spec().contextLength());
    }

    /// @param context the most tokens that sequences will have: some rotary embeddings depend on it
    public Engine(Model model, Kernels kernels, Precision precision, long stateLimitBytes, int context) {
        this(model, kernels, precision, stateLimitBytes, context, KeyValueType.F32);
    }

    /// @param keyValueType the numbers of the KV cache
    public Engine(Model model, Kernels kernels, Precision precision, long stateLimitBytes, int context,
            KeyValueType keyValueType) {
        this(model, kernels, precision, stateLimitBytes, context, keyValueType, null);
    }

    private Engine(Model model, Kernels kernels, Precision precision, long stateLimitBytes, int context,
            KeyValueType keyValueType, UseGuard parent) {
        this.guard = new UseGuard(parent);
        this.model = model;
        this.keyValueType = keyValueType;
        this.context = context;
        this.decoder = model.decoder(context);
        this.precision = precision;
        this.stateLimitBytes = stateLimitBytes;
        this.ops = new Compute(kernels, precision);
        this.pool = new BlockPool(stateLimitBytes);
        this.states = new SequenceStates(model.spec(), keyValueType, kernels.workers());
        this.looksAhead = model.spec().looksAhead();
    }

    /// Another engine of the same model, for sequences of up to `context` tokens.
    public Engine forContext(int context) {
        guard.requireOpen();
        return new Engine(model, ops.kernels(), precision, stateLimitBytes, context, keyValueType, guard);
    }

    /// The same engine with a KV cache of other numbers, and memory of its own.
    public Engine withKeyValueType(KeyValueType type) {
        guard.requireOpen();
        return new Engine(model, ops.kernels(), precision, stateLimitBytes, context, type, guard);
    }

    /// The numbers of the KV cache.
    public KeyValueType keyValueType() {
        return keyValueType;
    }

    public Model model() {
        return model;
    }

    /// What the engine's passes go through.
    public Decoder decoder() {
        return decoder;
    }

    /// The ops that passes compute with.
    public Compute ops() {
        return ops;
    }

    /// How sequences are continued.
    ///
    /// @param drafts whether the model's draft layer guesses tokens
    /// @throws IllegalArgumentException if drafts are asked for and there is no such layer
    public Steps steps(boolean drafts) {
        guard.requireOpen();
        return drafts ? new DraftedSteps(this) : new PlainSteps(this);
    }

    /// A new, empty sequence.
    public Sequence open() {
        guard.requireOpen();
        return states.open(pool);
    }

    /// The cache of prefixes of this engine's sequences. Its blocks are given up before a sequence goes without. Where
    /// weights change, keys should hold `Weights.version()`.
    public PrefixCache prefixCache() {
        guard.requireOpen();
        if (prefixCache == null) {
            prefixCache = states.newPrefixCache(pool, stateLimitBytes, model.weights()::version);
        }
        return prefixCache;
    }

    /// Bytes of all sequences' states, each shared block counted once.
    public long stateBytes() {
        return pool.usedBytes();
    }

    /// Gathers `ids[from..to)` as the next tokens of a sequence.
    ///
    /// @throws IllegalArgumentException if the sequence was opened by another engine or is in the pass already
    public void add(Sequence sequence, int[] ids, int from, int to, Pass.Outputs wanted) {
        add(sequence, ids, from, to, wanted, NOTHING);
    }

    /// The same with logits for some of the tokens.
    ///
    /// @param wanted the tokens that get logits, counted from `from`, ascending
    /// @throws IllegalArgumentException as above, or if they are not among the tokens or do not ascend
    public void add(Sequence sequence, int[] ids, int from, int to, int[] wanted) {
        guard.requireOpen();
        Pass.requirePlaces(wanted, to - from);
        add(sequence, ids, from, to, Pass.Outputs.NONE, NOTHING);
        pass.want(wanted);
    }

    /// The same for the first tokens of a sequence of an encoder-decoder, whose encoder reads `source` first.
    ///
    /// @throws IllegalArgumentException if the model has no encoder
    public void add(Sequence sequence, int[] source, int[] ids, int from, int to, Pass.Outputs wanted) {
        guard.requireOpen();
        if (model.spec().encoder().isEmpty()) {
            throw new IllegalArgumentException("the model has no encoder to read a source");
        }
        add(sequence, ids, from, to, wanted, source);
    }

    private void add(Sequence sequence, int[] ids, int from, int to, Pass.Outputs wanted, int[] source) {
        enter();
        try {
            Objects.checkFromToIndex(from, to, ids.length);
            if (!sequence.isIn(pool)) {
                throw new IllegalArgumentException("the sequence was opened by another engine");
            }
            if (looksAhead) {
                throw new IllegalArgumentException("tokens of the model see later ones: it reads whole texts, it does "
                        + "not write; use its embeddings or let it fill masks");
            }
            states.add(sequence);
            pass.add(ids, from, to, sequence.length(), wanted);
            if (model.spec().encoder().isPresent()) {
                pass.from(source, 0, source.length);
            }
        } finally {
            leave();
        }
    }

    /// Forgets what was gathered.
    public void discard() {
        enter();
        pass.clear();
        states.clear();
        leave();
    }

    /// Reserves the engine for this thread until `release`, to read results between passes, for example. A thread may
    /// claim it more than once.
    ///
    /// @throws IllegalStateException if another thread uses it, or the model is closed
    public void claim() {
        enter();
        owner.claim();
    }

    /// Claims the engine if no other thread uses it.
    ///
    /// @return whether it is claimed
    /// @throws IllegalStateException if this thread has added tokens and not run them, or the model is closed
    boolean claimIdle() {
        if (owner.isOther()) {
            return false;
        }
        claim();
        if (pass.runs().count() > 0) {
            release();
            throw new IllegalStateException("tokens of " + pass.runs().count() + " sequences were added to the engine "
                    + "and not computed: call run or discard before something else is generated");
        }
        return true;
    }

    /// Ends a claim.
    public void release() {
        owner.unclaim();
        leave();
    }

    /// @throws IllegalStateException if the model is closed, or another thread uses the engine
    private void enter() {
        guard.requireOpen();
        if (owner.enter()) {
            pass.clear();
            states.clear();
        }
    }

    /// Others may use the engine, if nothing is gathered or claimed.
    private void leave() {
        if (pass.runs().count() == 0) {
            owner.leave();
        }
    }

    /// Computes a pass over whole texts, of which nothing is remembered: the logits of the tokens that it wants.
    ///
    /// @return valid until the next run
    public Tensor read(Pass texts) {
        return whileOpen(() -> {
            enter();
            try {
                ops.release(0);
                return decoder.forward(ops, texts, States.NONE);
            } finally {
                leave();
            }
        });
    }

    /// The last hidden states `[outputs, D]` of whole texts.
    ///
    /// @return valid until the next run
    public Tensor hidden(Pass texts) {
        return whileOpen(() -> {
            enter();
            try {
                ops.release(0);
                return decoder.hidden(ops, texts, States.NONE);
            } finally {
                leave();
            }
        });
    }

    /// Computes what was gathered.
    ///
    /// @return the logits `[outputs, V]`, in the order of the tokens; valid until the next run
    /// @throws RuntimeException whatever goes wrong: then no sequence has changed
    public Tensor run() {
        return compute(() -> decoder.forward(ops, pass, states));
    }

    /// The same, but gives the last hidden states `[outputs, D]`, of which `logits` may follow.
    Tensor runHidden() {
        return compute(() -> decoder.hidden(ops, pass, states));
    }

    /// The logits of hidden states.
    Tensor logits(Tensor hidden) {
        return decoder.logits(ops, hidden, pass, States.NONE);
    }

    /// The memory of all sequences.
    public BlockPool pool() {
        return pool;
    }

    /// @throws IllegalStateException if the model is closed
    void requireOpen() {
        guard.requireOpen();
    }

    /// Does work during which the model is not closed: `close` of another thread waits for its end. The work may not
    /// close the model itself.
    ///
    /// @throws IllegalStateException if the model is closed
    public <T> T whileOpen(Supplier<T> work) {
        guard.enter();
        try {
            return work.get();
        } finally {
            guard.exit();
        }
    }

    private Tensor compute(Supplier<Tensor> forward) {
        guard.enter();
        try {
            return advance(forward);
        } finally {
            guard.exit();
        }
    }

    private Tensor advance(Supplier<Tensor> forward) {
        enter();
        try {
            ops.release(0);
            states.prepare(pass);
            Tensor result = forward.get();
            states.advance(pass.runs());
            return result;
        } catch (Throwable e) {
            states.retract();
            throw e;
        } finally {
            pass.clear();
            states.clear();
            leave();
        }
    }

    /// Prefills a sequence with `ids[from..to)`, in chunks.
    ///
    /// @param cancelled is called between chunks; true ends the prefill, and the chunks until then stay computed
    /// @return the logits `[1, V]` after the last token, or no row if cancelled
    /// @throws ContextFullException if the sequence would be longer than the context; then nothing is computed
    public Tensor prefill(Sequence sequence, int[] ids, int from, int to,
            BooleanSupplier cancelled) {
        guard.requireOpen();
        if (to <= from) {
            throw new IllegalArgumentException("a prompt of no tokens");
        }
        Objects.checkFromToIndex(from, to, ids.length);
        requireContext(sequence.length() + to - from);
        int first = from - sequence.length();
        while (true) {
            int at = sequence.length();
            int end = sequence.chunkEnd(chunkEnd(at, to - first));
            Tensor logits = prefillChunk(sequence, ids, at + first, end + first, to);
            if (end + first == to || cancelled.getAsBoolean()) {
                return logits;
            }
        }
    }

    /// Prefills the tokens of a prompt that a sequence of the prefix cache lacks, and adds them to the cache.
    ///
    /// @param key of the prefix cache
    /// @param cancelled is called between chunks; true ends the prefill, and the chunks until then stay computed
    /// @return the logits `[1, V]` after the last token, or no row if cancelled
    /// @throws ContextFullException if the prompt is longer than the context; then nothing is computed
    public Tensor prefillCached(Object key, Sequence sequence, int[] ids, BooleanSupplier cancelled) {
        guard.requireOpen();
        requireContext(ids.length);
        while (true) {
            int at = sequence.length();
            int end = sequence.chunkEnd(chunkEnd(at, ids.length));
            Tensor logits = prefillChunk(sequence, ids, at, end, ids.length);
            prefixCache().insert(key, sequence, ids);
            if (end == ids.length || cancelled.getAsBoolean()) {
                return logits;
            }
        }
    }

    private void requireContext(int numTokens) {
        if (numTokens > context) {
            throw new ContextFullException(numTokens, context);
        }
    }

    private static int chunkEnd(int from, int to) {
        return Math.min(to, from + CHUNK_TOKENS);
    }

    private Tensor prefillChunk(Sequence sequence, int[] ids, int from, int end, int to) {
        add(sequence, ids, from, end, end == to ? Pass.Outputs.LAST : Pass.Outputs.NONE);
        return run();
    }

    /// Computes a few tokens and forgets them, if that makes the first answer begin sooner: weights are converted and
    /// code is compiled. First tokens one by one, as an answer is made, then a prompt.
    ///
    /// @param isAwaited whether a prompt waits, which then is as good as another
    public void warmUp(BooleanSupplier isAwaited) {
        if (!ops.kernels().packsWeights()) {
            return;
        }
        int[] ids = new int[WARM_UP_TOKENS];
        if (looksAhead) {
            read(new Pass().add(ids, 0, ids.length, 0, Pass.Outputs.LAST));
            return;
        }
        try (Sequence sequence = open()) {
            boolean reads = model.spec().encoder().isPresent();
            for (int step = 0; step < WARM_UP_STEPS; step++) {
                add(sequence, ids, 0, 1, Pass.Outputs.LAST, reads && step == 0 ? ids : NOTHING);
                run();
            }
            if (!isAwaited.getAsBoolean() && WARM_UP_STEPS + ids.length <= model.spec().contextLength()) {
                add(sequence, ids, 0, ids.length, Pass.Outputs.LAST);
                run();
            }
        }
    }

    @Override
    public void close() {
        if (guard.close()) {
            ops.close();
            pool.close();
        }
    }
}
