package glia.engine.grammar;

import glia.engine.grammar.limit.GrammarBudget;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import glia.engine.grammar.limit.MemoryPart;
import glia.engine.grammar.parser.Accepted;
import glia.engine.grammar.parser.Automaton;
import glia.engine.grammar.parser.LexState;
import glia.engine.grammar.parser.Lexer;
import glia.engine.grammar.parser.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// The token masks of one grammar and one vocabulary. Samples share it, and so the automaton and the masks that were
/// computed before.
///
/// A mask joins the tokens within the current lexeme, which depend on the lexer's state alone ([TokenTable]), and those
/// that go on after it: the parser follows their rest. The tables of strings come from the vocabulary ([StringTokens]);
/// those of states close to a string's, such as keys, from their difference to a string.
final class MaskEngine {
    /// The memory of cached masks.
    private static final long MAX_MASK_BYTES = 48L << 20;
    /// The memory of cached tables.
    private static final long MAX_TABLE_BYTES = 48L << 20;
    /// Bytes that are rarely in names, to find the string that a key becomes once it is none of the known ones.
    private static final int[] PROBES = {'~', 'Q', '|', '7'};

    private final ReentrantLock lock = new ReentrantLock();
    /// Whether another thread computes a mask, or is about to.
    private volatile boolean isBusy;
    private volatile boolean isExhausted;
    private final GrammarBudget budget;
    private final Automaton automaton;
    private final Lexer lexer;
    private final CompiledGrammar.JsonStrings json;
    private final GrammarVocabulary vocabulary;
    private final VocabularyTrie trie;
    private final LexState[] path;
    private final LexState[] otherPath;
    private final Position[] positions;
    private final List<Position> cached = new ArrayList<>();
    private final List<LexState> tabled = new ArrayList<>();
    private final long maskBytes;
    private long tableBytes;
    /// How often the automaton had dropped its positions when `cached` was begun.
    private int numResets;

    MaskEngine(CompiledGrammar grammar, GrammarVocabulary vocabulary) {
        this.automaton = grammar.automaton();
        this.json = grammar.strings();
        this.lexer = automaton.lexer();
        this.budget = lexer.pool().budget();
        this.vocabulary = vocabulary;
        this.trie = vocabulary.trie();
        this.path = new LexState[trie.maxDepth() + 1];
        this.otherPath = new LexState[trie.maxDepth() + 1];
        this.positions = new Position[trie.maxDepth() + 1];
        this.maskBytes = 8L * vocabulary.numWords() + 64;
    }

    Position start() {
        return automaton.start();
    }

    /// Begins to use the engine from this thread, unless another one does or will; then nothing is begun.
    boolean begin() {
        if (isBusy || !lock.tryLock()) {
            return false;
        }
        if (isBusy) {
            lock.unlock();
            return false;
        }
        return true;
    }

    /// Ends what [#begin] began.
    void end() {
        lock.unlock();
    }

    /// Computes on another thread. Until it is done or cancelled, [#begin] begins nothing.
    ///
    /// @param use of this engine, for this work; closed when it has ended
    Future<long[]> later(MemoryPart<Void> use, Callable<long[]> work) {
        isBusy = true;
        return LaterMask.begin(use, work, () -> isBusy = false);
    }

    /// Whether the grammar has reached a limit in use, so that it would at once again.
    boolean isExhausted() {
        return isExhausted;
    }

    private <T> T locked(long steps, Supplier<T> work) {
        lock.lock();
        try {
            budget.begin(steps);
            return frugal(work);
        } catch (GrammarException e) {
            isExhausted |= e.kind() == GrammarException.Kind.LIMIT && steps == GrammarLimits.MASK_STEPS;
            throw e;
        } catch (StackOverflowError e) {
            throw GrammarException.limit("levels of nested expressions", path.length);
        } finally {
            lock.unlock();
        }
    }

    /// Does work once more without what is cached, if memory is short.
    private <T> T frugal(Supplier<T> work) {
        try {
            return work.get();
        } catch (GrammarException e) {
            if (e.kind() != GrammarException.Kind.MEMORY) {
                throw e;
            }
            automaton.reset();
            dropMasks();
            dropTables();
            return work.get();
        }
    }

    /// The position after the bytes of a token, from the `offset`-th on.
    ///
    /// @param steps the most steps
    Position accept(Position from, byte[] bytes, int offset, long steps) {
        return locked(steps, () -> {
            Position position = from;
            for (int i = offset; i < bytes.length && !position.isDead(); i++) {
                position = automaton.step(position, bytes[i] & 0xFF);
            }
            return position;
        });
    }

    /// The tokens that may follow.
    ///
    /// @param isFirst whether the decoder drops a space at the begin of the text
    /// @param steps the most steps
    long[] mask(Position position, boolean isFirst, long steps) {
        long[] known = isFirst ? null : position.mask();
        return known != null ? known : locked(steps, () -> isFirst ? afterSpace(position) : cached(position));
    }

    private long[] cached(Position position) {
        long[] known = position.mask();
        if (known == null) {
            known = compute(position);
            if ((cached.size() + 1) * maskBytes > MAX_MASK_BYTES || numResets != automaton.numResets()) {
                dropMasks();
            }
            budget.cached(maskBytes);
            cached.add(position);
            position.mask(known);
        }
        return known;
    }

    /// Drops the masks, and with them the positions.
    private void dropMasks() {
        cached.forEach(p -> p.mask(null));
        budget.cached(-maskBytes * cached.size());
        cached.clear();
        numResets = automaton.numResets();
    }

    private void dropTables() {
        tabled.forEach(s -> s.table(null));
        tabled.clear();
        budget.cached(-tableBytes);
        tableBytes = 0;
    }

    private long[] compute(Position position) {
        long[] mask = new long[vocabulary.numWords()];
        for (int part = 0; part < position.size(); part++) {
            LexState state = position.state(part);
            if (state.isDead()) {
                continue;
            }
            if (automaton.isGreedy() && state.isAccepting()) {
                followEnd(position, state, mask);
            }
            TokenTable table = table(state);
            table.addTo(mask);
            for (TokenTable.Exit exit : table.exits()) {
                Position after = automaton.after(position, part, exit.accepted());
                for (int node : exit.nodes()) {
                    if (automaton.isGreedy()) {
                        follow(node, node, after, mask);
                    } else {
                        follow(node + 1, node, after, mask);
                    }
                }
            }
        }
        if (position.isComplete()) {
            for (int end : vocabulary.ends()) {
                mask[end >> 6] |= 1L << end;
            }
        }
        return mask;
    }

    /// Adds the tokens before which a greedy lexeme ends: it cannot continue with their first byte.
    private void followEnd(Position position, LexState state, long[] mask) {
        Position after = automaton.after(position, 0, state.accepted());
        for (int child = 1; child < trie.size(); child = trie.end(child)) {
            if (lexer.step(state, trie.value(child)).isDead()) {
                follow(child, child, after, mask);
            }
        }
    }

    /// The mask of the first token where the decoder drops a space at the begin of the text.
    private long[] afterSpace(Position start) {
        long[] mask = cached(start).clone();
        int space = trie.child(' ');
        if (space >= 0) {
            for (int node = space; node < trie.end(space); node++) {
                for (int token = trie.token(node); token >= 0; token = trie.twin(token)) {
                    mask[token >> 6] &= ~(1L << token);
                }
            }
            follow(space + 1, space, start, mask);
        }
        return mask;
    }

    /// Adds the tokens of the nodes from `first` to the end of those below `of` whose bytes from `first` on may follow
    /// a position.
    private void follow(int first, int of, Position position, long[] mask) {
        int end = trie.end(of);
        int steps = 1;
        if (first < end) {
            positions[trie.depth(first) - 1] = position;
        }
        for (int node = first; node < end;) {
            int depth = trie.depth(node);
            steps++;
            Position next = automaton.step(positions[depth - 1], trie.value(node));
            if (next.isDead()) {
                node = trie.end(node);
                continue;
            }
            positions[depth] = next;
            for (int token = trie.token(node); token >= 0; token = trie.twin(token)) {
                mask[token >> 6] |= 1L << token;
            }
            node++;
        }
        budget.steps(steps);
    }

    private TokenTable table(LexState state) {
        TokenTable known = (TokenTable) state.table();
        if (known == null) {
            known = makeTable(state);
            long bytes = known.bytes();
            if (tableBytes + bytes > MAX_TABLE_BYTES) {
                dropTables();
            }
            budget.cached(bytes);
            tableBytes += bytes;
            tabled.add(state);
            state.table(known);
        }
        return known;
    }

    private TokenTable makeTable(LexState state) {
        if (json != null && !automaton.isGreedy() && state.isInside()) {
            if (state.only() != null) {
                int[] counts = lexer.pool().counted(state.only(), json.character(), json.quote());
                if (counts != null) {
                    return vocabulary.strings().table(counts[0], counts[1], lexer.ending(state));
                }
            }
            for (int probe : PROBES) {
                LexState other = lexer.step(state, probe);
                if (other != state && other.only() == json.rest()) {
                    return difference(state, other);
                }
            }
        }
        return walk(state);
    }

    /// Follows all tokens.
    private TokenTable walk(LexState state) {
        TokenTable.Builder builder = new TokenTable.Builder(trie);
        path[0] = state;
        for (int node = 1; node < trie.size();) {
            int depth = trie.depth(node);
            LexState next = lexer.step(path[depth - 1], trie.value(node));
            if (next.isDead()) {
                node = trie.end(node);
                continue;
            }
            path[depth] = next;
            builder.tokens(node);
            exit(builder, next, node);
            node++;
        }
        return builder.build(vocabulary.numWords());
    }

    private void exit(TokenTable.Builder builder, LexState state, int node) {
        Accepted accepted = state.accepted();
        if (accepted == null || !trie.hasChildren(node)) {
            return;
        }
        if (!automaton.isGreedy()) {
            builder.exit(accepted, node);
            return;
        }
        // A greedy lexeme ends only before a byte that cannot continue it; such children are walked alone.
        for (int child = node + 1; child < trie.end(node); child = trie.end(child)) {
            if (lexer.step(state, trie.value(child)).isDead()) {
                builder.exit(accepted, child);
            }
        }
    }

    /// The table of a state by its difference to that of a string: only tokens are followed that lead to other states
    /// than in the string.
    private TokenTable difference(LexState state, LexState string) {
        TokenTable base = table(string);
        long[] mask = base.copy(vocabulary.numWords());
        TokenTable.Builder changed = new TokenTable.Builder(trie);
        TokenTable.IntList visited = new TokenTable.IntList();
        path[0] = state;
        otherPath[0] = string;
        for (int node = 1; node < trie.size();) {
            int depth = trie.depth(node);
            LexState next = lexer.step(path[depth - 1], trie.value(node));
            LexState other = lexer.step(otherPath[depth - 1], trie.value(node));
            if (next == other) {
                node = trie.end(node);
                continue;
            }
            path[depth] = next;
            otherPath[depth] = other;
            visited.add(node);
            for (int token = trie.token(node); token >= 0; token = trie.twin(token)) {
                if (next.isDead()) {
                    mask[token >> 6] &= ~(1L << token);
                } else {
                    mask[token >> 6] |= 1L << token;
                }
            }
            exit(changed, next, node);
            node++;
        }
        List<TokenTable.Exit> exits = new ArrayList<>(changed.exits());
        int[] nodes = visited.toArray();
        for (TokenTable.Exit exit : base.exits()) {
            exits.add(new TokenTable.Exit(exit.accepted(), without(exit.nodes(), nodes)));
        }
        return TokenTable.of(mask, exits);
    }

    /// The ascending numbers of one list that are not in another.
    private static int[] without(int[] from, int[] dropped) {
        TokenTable.IntList left = new TokenTable.IntList();
        int k = 0;
        for (int value : from) {
            while (k < dropped.length && dropped[k] < value) {
                k++;
            }
            if (k == dropped.length || dropped[k] != value) {
                left.add(value);
            }
        }
        return left.toArray();
    }
}
