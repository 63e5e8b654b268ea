package glia.engine.grammar.schema;

import glia.engine.grammar.limit.GrammarBudget;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/// Expands conditions that hold together into alternatives without choices: the disjunctive normal form of one level of
/// a schema. Those of properties and items stay as they are.
final class Expander {
    private final GrammarBudget budget = GrammarBudget.current();
    private final Keywords keywords;
    private final Negations negations;
    private int steps;

    /// What [Keywords] add beside constraints.
    ///
    /// @param todo further conditions that hold
    /// @param choices alternatives of which one holds
    record Target(Clause clause, Deque<Sub> todo, List<List<List<Sub>>> choices) {
        /// Adds a choice; a single alternative holds.
        void choose(List<List<Sub>> alternatives) {
            if (alternatives.size() == 1) {
                todo.addAll(alternatives.get(0));
            } else {
                choices.add(alternatives);
            }
        }
    }

    Expander(Keywords keywords, Negations negations) {
        this.keywords = keywords;
        this.negations = negations;
    }

    List<Clause> expand(Collection<Sub> conditions) {
        List<Clause> clauses = new ArrayList<>();
        expand(new Target(new Clause(), new ArrayDeque<>(conditions), new ArrayList<>()), clauses);
        return clauses;
    }

    private void expand(Target target, List<Clause> to) {
        Clause clause = target.clause;
        while (!target.todo.isEmpty()) {
            Sub sub = target.todo.poll();
            if (!clause.applied.add(sub.id)) {
                continue;
            }
            budget.steps(1 + target.todo.size());
            if (++steps > GrammarLimits.EXPANSIONS) {
                throw GrammarException.limit("steps to expand a schema", GrammarLimits.EXPANSIONS);
            }
            if (sub.change != null) {
                sub.change.accept(clause);
            } else if (sub.schema instanceof Boolean accepts) {
                if (accepts == sub.isNegated) {
                    return;
                }
            } else if (sub.isNegated) {
                target.choose(negations.alternatives((Map<?, ?>) sub.schema));
            } else {
                keywords.apply((Map<?, ?>) sub.schema, target);
            }
            clause.prune();
            if (clause.types == 0) {
                return;
            }
        }
        if (target.choices.isEmpty()) {
            if (to.size() >= GrammarLimits.ALTERNATIVES) {
                throw GrammarException.limit("alternatives of one value", GrammarLimits.ALTERNATIVES);
            }
            to.add(clause);
            return;
        }
        List<List<Sub>> choice = target.choices.removeFirst();
        for (List<Sub> alternative : choice) {
            budget.steps(clause.applied.size() + alternative.size() + target.choices.size());
            expand(new Target(clause.copy(), new ArrayDeque<>(alternative), new ArrayList<>(target.choices)), to);
        }
    }
}
