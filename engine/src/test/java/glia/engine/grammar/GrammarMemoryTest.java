package glia.engine.grammar;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarMemory;
import glia.engine.grammar.limit.MemoryPart;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The memory of all grammars together.
@Timeout(60)
class GrammarMemoryTest {
    private static final GrammarVocabulary BYTES = ContextFreeGrammarTest.BYTES;
    private static final long MOST = 16L << 20;

    private final GrammarMemory memory = new GrammarMemory(MOST);

    /// A grammar of some megabytes.
    private Grammar large(int number) {
        return large(number, 4_000);
    }

    private Grammar large(int number, int size) {
        return memory.within(() -> Grammar.choices(IntStream.range(0, size).mapToObj(i -> number + "-" + i
                + ("-" + i).repeat(100)).toList()));
    }

    private GrammarMask mask(Grammar grammar) {
        return memory.within(() -> grammar.mask(BYTES));
    }

    /// Takes all memory, so that all is dropped that may be.
    private long leftInUse() {
        try (MemoryPart<Void> all = memory.part()) {
            long free = MOST;
            while (true) {
                try {
                    all.resize(free);
                    return MOST - free;
                } catch (GrammarException e) {
                    free -= 4096;
                }
            }
        }
    }

    private static GrammarException.Kind failure(Runnable work) {
        return assertThrows(GrammarException.class, work::run).kind();
    }

    @Test
    void unusedGrammarsAreDroppedAndCompiledAgain() {
        List<Grammar> grammars = IntStream.range(0, 20).mapToObj(this::large).toList();
        assertTrue(memory.used() > MOST / 2 && memory.used() <= MOST);
        for (int i = 0; i < grammars.size(); i++) {
            GrammarMask mask = mask(grammars.get(i));
            assertTrue(mask.acceptBytes((i + "-7").getBytes(StandardCharsets.UTF_8), 0) && mask.allows('-'));
            mask.stop();
        }
        assertEquals(0, leftInUse());
        assertEquals(0, memory.used());
    }

    @Test
    void grammarsInUseAreNotDropped() {
        List<GrammarMask> masks = new ArrayList<>();
        assertEquals(GrammarException.Kind.MEMORY, failure(() -> {
            while (true) {
                masks.add(mask(large(masks.size())));
            }
        }));
        assertTrue(masks.size() > 1);
        assertTrue(leftInUse() > MOST / 2);
        masks.getFirst().stop();
        masks.set(0, assertDoesNotThrow(() -> mask(large(0))));
        for (int i = 0; i < masks.size(); i++) {
            assertTrue(masks.get(i).allows(Integer.toString(i).charAt(0)));
        }
        masks.forEach(GrammarMask::stop);
        assertEquals(0, leftInUse());
    }

    @Test
    void whatNeverFitsExceedsALimit() {
        assertEquals(GrammarException.Kind.LIMIT, failure(() -> large(0, 40_000)));
        assertEquals(0, memory.used());
    }

    /// Several texts whose parser's rows grow: those for which there is no more memory end, and the others go on.
    @Test
    void textsUnderWayCount() {
        Grammar grammar = memory.within(() -> Grammar.gbnf("root ::= \"(\" root \")\" | \"x\""));
        GrammarMask deep = mask(grammar);
        assertTrue(deep.acceptBytes("(".repeat(3_000).getBytes(StandardCharsets.UTF_8), 0));
        long one = memory.used();
        List<GrammarMask> masks = new ArrayList<>();
        GrammarException.Kind kind = failure(() -> {
            while (true) {
                GrammarMask mask = mask(grammar);
                masks.add(mask);
                mask.acceptBytes("(".repeat(3_000).getBytes(StandardCharsets.UTF_8), 0);
            }
        });
        assertEquals(GrammarException.Kind.MEMORY, kind);
        assertTrue(masks.size() > 1 && memory.used() > one && memory.used() <= MOST);
        assertTrue(deep.allows('x'));
        masks.forEach(GrammarMask::stop);
        deep.accept('x');
        assertTrue(deep.allows(')'));
        deep.stop();
        assertEquals(0, leftInUse());
    }

    @Test
    void cachesAreDroppedBeforeATextEnds() {
        Grammar grammar = memory.within(() -> Grammar.regex("[ab]*(x[ab]{0,2000}y)?"));
        GrammarMask mask = mask(grammar);
        try (MemoryPart<Void> others = memory.part()) {
            others.resize(MOST - memory.used() - (3L << 20));
            for (int i = 0; i < 1_500; i++) {
                int token = i == 100 ? 'x' : 'a' + i % 2;
                assertTrue(mask.allows(token));
                mask.accept(token);
            }
        }
        mask.stop();
        assertEquals(0, leftInUse());
    }

    @Test
    void nothingStaysAfterFailures() {
        assertThrows(GrammarException.class, () -> memory.within(() -> Grammar.gbnf("root ::= x")));
        assertThrows(GrammarException.class, () -> memory.within(() -> Grammar.regex("(((a{1000}){1000}){1000}b|c){99}"
                + "(?=x)")));
        Thread.currentThread().interrupt();
        assertThrows(CancellationException.class, () -> large(0));
        assertTrue(Thread.interrupted());
        assertTrue(memory.within(() -> Grammar.regex("a+").matches("aa")));
        assertEquals(0, leftInUse());
        assertEquals(0, memory.used());
    }

    @Test
    void manyAtOnceNeverTakeMore() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<Integer>> done = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                int number = i;
                done.add(threads.submit(() -> {
                    try {
                        GrammarMask mask = mask(large(number));
                        boolean isOpen = mask.acceptBytes((number + "-").getBytes(StandardCharsets.UTF_8), 0);
                        assertTrue(isOpen && memory.used() <= MOST);
                        mask.stop();
                        return 1;
                    } catch (GrammarException e) {
                        assertEquals(GrammarException.Kind.MEMORY, e.kind());
                        return 0;
                    }
                }));
            }
            int numMade = 0;
            for (Future<Integer> one : done) {
                numMade += one.get();
            }
            assertTrue(numMade > 0);
        }
        assertEquals(0, leftInUse());
        assertTrue(mask(large(1)).allows('1'));
    }

    /// The work of another thread ends with its sequence, and so does its use of the grammar.
    @Test
    void workForASequenceEndsWithIt() throws InterruptedException {
        Grammar grammar = memory.within(() -> Grammar.gbnf("root ::= s\ns ::= s s | [a-z]\n"));
        GrammarMask mask = slow(grammar);
        // The work waits for this thread until it is cancelled.
        assertTrue(mask.engine.begin());
        try {
            assertFalse(mask.isReady());
            mask.stop();
        } finally {
            mask.engine.end();
        }
        while (leftInUse() > 0) {
            Thread.sleep(1);
        }
        assertFalse(slow(grammar).isReady(), "the work was done to its end");
    }

    /// A mask whose next one takes long, unless it was computed before.
    private GrammarMask slow(Grammar grammar) {
        GrammarMask mask = mask(grammar);
        for (int i = 0; i < 9; i++) {
            assertTrue(mask.acceptBytes("a".repeat(50).getBytes(StandardCharsets.UTF_8), 0));
        }
        mask.accept('a');
        return mask;
    }

    /// A mask that is lost without being stopped is found when it is collected.
    @Test
    void masksThatAreLostGiveTheirMemoryBack() throws InterruptedException {
        lose();
        while (leftInUse() > 0) {
            System.gc();
            Thread.sleep(1);
        }
    }

    private void lose() {
        assertTrue(mask(large(0)).allows('0'));
        assertTrue(leftInUse() > 0);
    }
}
