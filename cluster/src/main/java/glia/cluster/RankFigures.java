package glia.cluster;

import java.util.Map;

/// What ranks sent, and waited for.
final class RankFigures {
    private long sentBefore;

    /// What they did since the last call. The rank that waits least is the one that the others wait for.
    ///
    /// @param nanos that this rank waited for others
    Map<String, Double> of(Collective ranks, long nanos) {
        double own = nanos / 1e9;
        double[][] waiting = ranks.all(own);
        int slowest = 0;
        double longest = 0;
        for (int r = 0; r < ranks.size(); r++) {
            slowest = waiting[r][0] < waiting[slowest][0] ? r : slowest;
            longest = Math.max(longest, waiting[r][0]);
        }
        long sent = ranks.bytesSent() - sentBefore;
        sentBefore += sent;
        return Map.of("ranks/bytes_sent", (double) sent, "ranks/seconds_waiting", own, "ranks/slowest",
                (double) slowest, "ranks/seconds_for_slowest", longest - waiting[slowest][0]);
    }
}
