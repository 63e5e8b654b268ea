package glia.reason.search;

import glia.reason.search.Search.Candidate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// Searches over steps of answers.
record StepSearch(Continuations continuations, SearchOptions options, Search.Question question) {
    /// The weight of exploration in UCB1, for scores between 0 and 1: √2 / 2.
    private static final double EXPLORATION = Math.sqrt(0.5);

    private record Scored(Candidate candidate, double score) { }

    /// Beam search. A round continues each beam by several steps, scores all, and keeps the best. Finished answers
    /// leave their beam. The search ends when there are as many of them as beams, or the budget is used up.
    ///
    /// @return the finished answers; without any the beams
    List<Candidate> beam(Strategy.Beam beam) {
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
                (isEnd(one.candidate) ? ended : kept).add(one.candidate);
            }
            beams = kept;
        }
        return ended.isEmpty() ? beams : ended;
    }

    /// A beginning of an answer.
    private static final class Node {
        final Candidate candidate;
        final List<Node> children = new ArrayList<>();
        int visits;
        double sum;

        Node(Candidate candidate) {
            this.candidate = candidate;
        }

        double bound(int parentVisits) {
            return visits == 0 ? Double.POSITIVE_INFINITY
                    : sum / visits + EXPLORATION * Math.sqrt(Math.log(parentVisits) / visits);
        }
    }

    /// Monte Carlo tree search. An iteration descends by UCB1 to a node without children, gives it children by sampling
    /// steps, completes one of them, scores the completion and adds the score to all nodes of the path.
    ///
    /// @return the completions, in the order in which they were sampled; at least one
    List<Candidate> tree(Strategy.Tree tree) {
        Node root = new Node(continuations.nothing());
        List<Candidate> completions = new ArrayList<>();
        for (int i = 0; i < tree.iterations() && continuations.left() > 0; i++) {
            List<Node> path = new ArrayList<>(List.of(root));
            while (!path.getLast().children.isEmpty()) {
                path.add(best(path.getLast()));
            }
            if (!isEnd(path.getLast().candidate) && (path.getLast().visits > 0 || path.size() == 1)) {
                expand(path.getLast(), tree.branches());
                if (!path.getLast().children.isEmpty()) {
                    path.add(best(path.getLast()));
                }
            }
            Candidate completed = completed(path.getLast().candidate);
            completions.add(completed);
            double score = options.scorer().score(question, completed);
            for (Node node : path) {
                node.visits++;
                node.sum += score;
            }
        }
        return completions.isEmpty() ? List.of(root.candidate) : completions;
    }

    private static Node best(Node parent) {
        Node best = parent.children.getFirst();
        for (Node child : parent.children) {
            if (child.bound(parent.visits) > best.bound(parent.visits)) {
                best = child;
            }
        }
        return best;
    }

    /// Equal steps are one child.
    private void expand(Node node, int branches) {
        for (Candidate step : continuations.extend(List.of(node.candidate), branches, options.stepTokens(), true, 0)
                .getFirst()) {
            boolean isNew = node.children.stream()
                    .noneMatch(child -> Arrays.equals(child.candidate.tokens(), step.tokens()));
            if (isNew) {
                node.children.add(new Node(step));
            }
        }
    }

    private Candidate completed(Candidate begun) {
        if (isEnd(begun)) {
            return begun;
        }
        List<Candidate> made = continuations.extend(List.of(begun), 1, options.answerTokens(), false, 0).getFirst();
        return made.isEmpty() ? begun : made.getFirst();
    }

    private boolean isEnd(Candidate candidate) {
        return candidate.isFinished() || candidate.tokens().length >= options.answerTokens();
    }
}
