package glia.reason.search;

import glia.reason.search.Search.Candidate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Beam search over steps. A round continues each beam by several steps, scores all, and keeps the best. Finished
/// answers leave their beam. The search ends when there are as many of them as beams, or the budget is used up.
final class BeamSearch {
    private final Continuations continuations;
    private final SearchOptions options;
    private final Search.Question question;

    private record Scored(Candidate candidate, double score) { }

    BeamSearch(Continuations continuations, SearchOptions options, Search.Question question) {
        this.continuations = continuations;
        this.options = options;
        this.question = question;
    }

    /// @return the finished answers; without any the beams
    List<Candidate> run(Strategy.Beam beam) {
        List<Candidate> beams = List.of(continuations.nothing());
        List<Candidate> ended = new ArrayList<>();
        while (!beams.isEmpty() && ended.size() < beam.width() && continuations.left() > 0) {
            // The first round has one beam, from which all others are made.
            int count = beams.getFirst().tokens().length == 0 ? beam.width() * beam.branches() : beam.branches();
            List<Scored> next = new ArrayList<>();
            for (List<Candidate> continued : continuations.extend(beams, count, options.stepTokens(), true, 0)) {
                for (Candidate one : continued) {
                    next.add(new Scored(one, options.scorer().score(question, one)));
                }
            }
            if (next.isEmpty()) {
                break;
            }
            // Sorting is stable, so of equal scores the earlier sample stays.
            next.sort(Comparator.comparingDouble(Scored::score).reversed());
            List<Candidate> kept = new ArrayList<>();
            for (Scored one : next.subList(0, Math.min(beam.width(), next.size()))) {
                boolean isEnd = one.candidate.isFinished() || one.candidate.tokens().length >= options.answerTokens();
                (isEnd ? ended : kept).add(one.candidate);
            }
            beams = kept;
        }
        return ended.isEmpty() ? beams : ended;
    }
}
