package glia.engine.grammar;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.sampling.TokenMask;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// Free text in which a grammar takes effect after a trigger: a tool call after its marker, say. When the grammar's
/// text is complete and cannot go on, free text follows again. For one sample.
///
/// A trigger is a text or a token; of texts that end together the longest counts. A token whose bytes end a trigger and
/// go on is allowed only if the grammar allows what follows. Where the grammar's text is complete but could go on, only
/// it may.
public final class TriggeredMask implements TokenMask {
    private final GrammarVocabulary vocabulary;
    /// Masks at the begin of the grammars, by the number of the trigger: texts, then tokens.
    private final List<GrammarMask> begins;
    private final List<byte[]> triggers;
    private final int[] triggerTokens;
    /// The last bytes of the free text that begin a trigger.
    private byte[] tail = {};
    private GrammarMask active;
    /// Masks of free text by its last bytes; an empty one allows every token.
    private final Map<String, long[]> masks = new HashMap<>();
    private static final long[] EVERY = {};
    /// The mask of free text that another thread computes; null if it computes none.
    private Future<long[]> coming;

    /// @param triggers the texts after which the grammar begins; none may be empty
    /// @param triggerTokens the tokens after which it begins
    /// @param grammar gives the mask of the grammar by the number of its trigger: texts, then tokens
    public TriggeredMask(GrammarVocabulary vocabulary, List<String> triggers, int[] triggerTokens,
            IntFunction<GrammarMask> grammar) {
        this.vocabulary = vocabulary;
        this.triggers = triggers.stream().map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
        if (this.triggers.stream().anyMatch(bytes -> bytes.length == 0)) {
            throw new IllegalArgumentException("a trigger without text");
        }
        this.triggerTokens = triggerTokens.clone();
        this.begins = IntStream.range(0, triggers.size() + triggerTokens.length).mapToObj(grammar).toList();
    }

    /// Whether the grammar is in effect.
    public boolean isActive() {
        return active != null;
    }

    @Override
    public long[] allowed() {
        settle();
        if (active != null) {
            return active.allowed();
        }
        long[] mask = masks.computeIfAbsent(tailText(), _ -> freeMask(false));
        return mask == EVERY ? null : mask;
    }

    private String tailText() {
        return new String(tail, StandardCharsets.ISO_8859_1);
    }

    /// Whether [#allowed] takes a few milliseconds at most: other samples may use the grammar for longer.
    @Override
    public boolean isReady() {
        if (active != null && !active.isRead() || coming != null && !coming.isDone()) {
            return false;
        }
        settle();
        if (active != null) {
            return active.isReady();
        }
        try {
            return masks.computeIfAbsent(tailText(), _ -> freeMask(true)) != null;
        } catch (GrammarException e) {
            if (e.kind() != GrammarException.Kind.LIMIT) {
                throw e;
            }
            coming = begins.getFirst().later(() -> freeMask(false));
            return false;
        }
    }

    @Override
    public void stop() {
        if (coming != null) {
            coming.cancel(true);
        }
        if (active != null) {
            active.stop();
        }
        begins.forEach(GrammarMask::stop);
    }

    /// All tokens but those that run over a trigger into what the grammar refuses.
    ///
    /// @param isBrief whether it must take a few milliseconds at most
    /// @return null if another thread uses a grammar, and it must be brief
    private long[] freeMask(boolean isBrief) {
        long[] mask = null;
        for (int token = 0; token < vocabulary.size(); token++) {
            byte[] bytes = vocabulary.bytes(token);
            if (bytes == null || bytes.length == 0) {
                continue;
            }
            int end = triggerEnd(bytes);
            if (end < 0 || end == bytes.length) {
                continue;
            }
            Optional<Boolean> isAllowed = grammarAfter(bytes, end).continues(bytes, end, isBrief);
            if (isAllowed.isEmpty()) {
                return null;
            }
            if (!isAllowed.get()) {
                if (mask == null) {
                    mask = new long[vocabulary.numWords()];
                    Arrays.fill(mask, -1);
                }
                mask[token >> 6] &= ~(1L << token);
            }
        }
        return mask == null ? EVERY : mask;
    }

    /// The number of a token's bytes after which the first trigger ends; -1 if none does.
    private int triggerEnd(byte[] bytes) {
        if (!canEnd(bytes)) {
            return -1;
        }
        byte[] text = joined(tail, bytes);
        for (int end = 1; end <= bytes.length; end++) {
            if (trigger(text, tail.length + end) >= 0) {
                return end;
            }
        }
        return -1;
    }

    /// The begin of the grammar of the trigger that ends with the first bytes of a token.
    private GrammarMask grammarAfter(byte[] bytes, int end) {
        return begins.get(trigger(joined(tail, bytes), tail.length + end));
    }

    /// The number of the longest trigger that ends at a place in a text; -1 if none does.
    private int trigger(byte[] text, int end) {
        int found = -1;
        for (int i = 0; i < triggers.size(); i++) {
            byte[] trigger = triggers.get(i);
            int from = end - trigger.length;
            if (from >= 0 && Arrays.equals(text, from, end, trigger, 0, trigger.length)
                    && (found < 0 || trigger.length > triggers.get(found).length)) {
                found = i;
            }
        }
        return found;
    }

    /// Whether a token has the last byte of a trigger.
    private boolean canEnd(byte[] bytes) {
        for (byte value : bytes) {
            for (byte[] trigger : triggers) {
                if (trigger[trigger.length - 1] == value) {
                    return true;
                }
            }
        }
        return false;
    }

    private static byte[] joined(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    /// The longest end of a text that begins a trigger and is shorter than it.
    private byte[] begun(byte[] text) {
        for (int from = 0; from < text.length; from++) {
            int length = text.length - from;
            for (byte[] trigger : triggers) {
                if (length < trigger.length && Arrays.equals(text, from, text.length, trigger, 0, length)) {
                    return Arrays.copyOfRange(text, from, text.length);
                }
            }
        }
        return new byte[0];
    }

    @Override
    public void accept(int token) {
        settle();
        if (active != null) {
            active.accept(token);
            leave();
            return;
        }
        for (int i = 0; i < triggerTokens.length; i++) {
            if (triggerTokens[i] == token) {
                begin(begins.get(triggers.size() + i), new byte[0], 0);
                return;
            }
        }
        byte[] bytes = vocabulary.bytes(token);
        if (bytes == null || bytes.length == 0) {
            return;
        }
        int end = triggerEnd(bytes);
        if (end < 0) {
            tail = begun(joined(tail, bytes));
            return;
        }
        begin(grammarAfter(bytes, end), bytes, end);
        leave();
    }

    private void begin(GrammarMask grammar, byte[] bytes, int offset) {
        active = grammar.fresh(bytes, offset);
        tail = new byte[0];
    }

    /// Free text follows where the grammar's text can only end. While another thread uses the grammar, that is not
    /// known: [#isReady] asks again.
    private void leave() {
        if (active.isRead() && active.isFinal()) {
            active.stop();
            active = null;
        }
    }

    /// Waits until it is known whether the grammar's text can only end, and for a mask that another thread computes.
    private void settle() {
        if (coming != null) {
            masks.put(tailText(), GrammarMask.settled(coming));
            coming = null;
        }
        if (active != null && active.isFinal()) {
            active.stop();
            active = null;
        }
    }
}
