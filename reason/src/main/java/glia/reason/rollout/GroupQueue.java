package glia.reason.rollout;

import glia.engine.schedule.Scheduler;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/// Submits groups one after another while all their members find a place in the batch: a member that starts later than
/// the first would compute the prompt again.
final class GroupQueue {
    private final Scheduler scheduler;
    private final int maxSequences;
    private final Deque<List<GrowingRollout>> waiting = new ArrayDeque<>();
    private int numActive;

    GroupQueue(Scheduler scheduler, int maxSequences) {
        this.scheduler = scheduler;
        this.maxSequences = maxSequences;
    }

    /// Adds a group; one that is too large for the batch in parts.
    void add(List<GrowingRollout> group) {
        for (int i = 0; i < group.size(); i += maxSequences) {
            waiting.add(group.subList(i, Math.min(group.size(), i + maxSequences)));
        }
    }

    /// Submits the groups that find a place.
    synchronized void submit() {
        while (!waiting.isEmpty() && numActive + waiting.getFirst().size() <= maxSequences) {
            List<GrowingRollout> group = waiting.removeFirst();
            numActive += group.size();
            try {
                scheduler.submit(GrowingRollout.request(group));
            } catch (RuntimeException e) {
                group.forEach(member -> member.fail(e));
            }
        }
    }

    /// Submits a further turn of a rollout that has a place.
    void submit(GrowingRollout active) {
        scheduler.submit(GrowingRollout.request(List.of(active)));
    }

    /// A rollout has left the batch.
    synchronized void ended() {
        numActive--;
        submit();
    }
}
