package glia.engine.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EngineGuardTest {
    private final EngineGuard guard = new EngineGuard(null, this::clear);
    private int numCleared;

    private void clear() {
        numCleared++;
    }

    private static String refused(Runnable call) {
        return assertThrows(IllegalStateException.class, call::run).getMessage();
    }

    private static Thread begin(Runnable work) {
        return Thread.ofPlatform().name("other").start(work);
    }

    private static void waitUntilBlocked(Thread thread) {
        while (thread.getState() != Thread.State.WAITING && thread.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
    }

    @Test
    void useAfterCloseIsRefused() {
        EngineGuard child = new EngineGuard(guard, () -> { });
        assertTrue(guard.close());
        assertFalse(guard.close());
        for (EngineGuard each : List.of(guard, child)) {
            assertEquals("the model is closed", refused(each::beginUse));
            assertEquals("the model is closed", refused(each::own));
            assertEquals("the model is closed", refused(each::requireOpen));
        }
        assertTrue(child.close());
    }

    @Test
    void closeWaitsForUsesOfOthersAndRefusesNewOnes() throws InterruptedException {
        EngineGuard child = new EngineGuard(guard, () -> { });
        child.beginUse();
        guard.beginUse();
        Thread closer = begin(guard::close);
        waitUntilBlocked(closer);
        assertEquals("the model is closed", refused(guard::beginUse));
        assertEquals("the model is closed", refused(child::beginUse));
        guard.endUse();
        waitUntilBlocked(closer);
        assertTrue(closer.isAlive());
        child.endUse();
        closer.join();
    }

    @Test
    void aUseThatClosesIsAnErrorAndNoDeadlock() {
        EngineGuard child = new EngineGuard(guard, () -> { });
        child.beginUse();
        assertTrue(refused(guard::close).contains("in the middle of a pass"));
        assertTrue(refused(child::close).contains("in the middle of a pass"));
        child.endUse();
        assertTrue(child.close());
        assertTrue(guard.close());
    }

    @Test
    void theSecondThreadIsRefusedAndNamed() throws InterruptedException {
        guard.own();
        guard.own();
        assertEquals(1, numCleared);
        ConcurrentLinkedQueue<String> messages = new ConcurrentLinkedQueue<>();
        begin(() -> {
            messages.add(refused(guard::own));
            messages.add(refused(guard::unclaim));
            guard.disownUnclaimed();
        }).join();
        assertTrue(guard.isOwned());
        String message = messages.poll();
        assertTrue(message.contains("in use by thread " + Thread.currentThread().getName())
                && message.contains("found a call by thread other"), message);
        assertEquals("the engine is released by thread other, which has not claimed it", messages.poll());
        guard.claim();
        guard.disownUnclaimed();
        assertTrue(guard.isOwned());
        guard.unclaim();
        guard.disownUnclaimed();
        assertFalse(guard.isOwned());
        assertTrue(refused(guard::unclaim).contains("has not claimed it"));
    }

    @Test
    void thoseWhoWaitGetItBeforeOneThatComputesInALoop() throws InterruptedException {
        guard.own();
        CountDownLatch got = new CountDownLatch(1);
        Thread waiting = begin(() -> {
            guard.awaitOwnership();
            got.countDown();
            guard.disownUnclaimed();
        });
        waitUntilBlocked(waiting);
        while (got.getCount() > 0) {
            guard.disownUnclaimed();
            guard.awaitOwnership();
        }
        guard.disownUnclaimed();
        waiting.join();
    }

    @Test
    void aThreadThatHasEndedOwnsNothing() throws InterruptedException {
        for (int i = 0; i < 2; i++) {
            begin(() -> {
                guard.own();
                guard.claim();
            }).join();
            if (i == 0) {
                guard.own();
            } else {
                guard.awaitOwnership();
            }
            assertTrue(guard.isOwned());
            assertEquals(2 * i + 2, numCleared);
            guard.disownUnclaimed();
        }
        CountDownLatch owned = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        Thread owner = begin(() -> {
            guard.own();
            owned.countDown();
            try {
                mayEnd.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        owned.await();
        Thread waiting = begin(guard::awaitOwnership);
        waitUntilBlocked(waiting);
        mayEnd.countDown();
        waiting.join();
        owner.join();
    }

    @Test
    void anInterruptDoesNotEndTheWaitAndIsKept() throws InterruptedException {
        guard.own();
        boolean[] isInterrupted = new boolean[1];
        Thread waiting = begin(() -> {
            guard.awaitOwnership();
            isInterrupted[0] = Thread.interrupted();
        });
        waiting.interrupt();
        waitUntilBlocked(waiting);
        guard.disownUnclaimed();
        waiting.join();
        assertTrue(isInterrupted[0]);
    }
}
