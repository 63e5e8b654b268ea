package glia.engine.grammar.schema;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.parser.Nonterminal;
import glia.engine.grammar.parser.Rules;
import glia.engine.grammar.parser.State;
import glia.engine.grammar.parser.Steps;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Objects of given properties, in any order or in that of the list. Its states hold the set of listed properties that
/// were there, and are made as they are reached: the number of possible ones, exponential in the number of properties,
/// does not matter. No listed property occurs twice.
final class ObjectRule implements Value.Container {
    private static final int NONE = -1;
    private static final int MOST_STEPS = 10_000;

    /// Properties of one name or of a set of names.
    ///
    /// @param key the lexeme of the name
    record Property(int key, Value value) { }

    /// Properties that must be there if another is.
    record Dependency(int of, BitSet required) { }

    /// Listed properties that must be there.
    ///
    /// @param anyOf sets of which at least one property each must be there
    /// @param isOrdered whether they stand in the order of the list, and all other properties after them
    record Needs(BitSet required, List<Dependency> dependencies, List<BitSet> anyOf, boolean isOrdered) { }

    private final Rules rules;
    private final ArrayRule.Punctuation marks;
    private final List<Property> listed;
    private final List<Property> others;
    private final BitSet required;
    private final List<Dependency> dependencies;
    private final List<BitSet> anyOf;
    private final boolean isOrdered;
    private final int min;
    private final int max;
    private final Map<Key, State> states = new HashMap<>();
    private Nonterminal owner;
    private State end;

    private enum Phase { OPEN, AFTER, KEY, COLON, VALUE }

    /// @param seen the listed properties so far, with that of `property`
    /// @param count the properties so far, if their number matters
    /// @param property the one whose value follows: a listed one, or after them one of the others
    private record Key(Phase phase, BitSet seen, int count, int property) { }

    ObjectRule(Rules rules, ArrayRule.Punctuation marks, List<Property> listed, List<Property> others, Needs needs,
            int min, int max) {
        this.rules = rules;
        this.marks = marks;
        this.listed = listed;
        this.others = others;
        this.required = needs.required;
        this.dependencies = needs.dependencies;
        this.anyOf = needs.anyOf;
        this.isOrdered = needs.isOrdered;
        this.min = min;
        this.max = max;
    }

    @Override
    public boolean isProductive() {
        rules.budget().steps(listed.size() + others.size());
        long possible = listed.stream().filter(p -> p.value.isProductive).count();
        boolean isOpen = others.stream().anyMatch(p -> p.value.isProductive);
        return (isOpen || possible >= min) && canEnd(new BitSet(), 0);
    }

    /// Whether a listed property may be there after others.
    private boolean canFollow(int property, BitSet seen) {
        return listed.get(property).value.isProductive && (!isOrdered || property >= seen.length());
    }

    private long numFollowing(BitSet seen) {
        return IntStream.range(seen.length(), listed.size()).filter(i -> listed.get(i).value.isProductive).count();
    }

    @Override
    public Stream<Value> parts() {
        return Stream.concat(listed.stream(), others.stream()).map(Property::value);
    }

    private BitSet missing(BitSet seen) {
        BitSet needed = (BitSet) seen.clone();
        needed.or(required);
        BitSet missing = closure(needed);
        missing.andNot(seen);
        return missing;
    }

    /// Whether the properties that some properties still need are possible, and not too many.
    private boolean canEnd(BitSet seen, int count) {
        return canEnd(seen, count, seen, new int[1]);
    }

    /// @param with the properties that were there and those that are planned, of each set of `anyOf` one
    private boolean canEnd(BitSet seen, int count, BitSet with, int[] steps) {
        BitSet all = (BitSet) with.clone();
        all.or(missing(with));
        BitSet missing = (BitSet) all.clone();
        missing.andNot(seen);
        for (int i = missing.nextSetBit(0); i >= 0; i = missing.nextSetBit(i + 1)) {
            if (!canFollow(i, seen)) {
                return false;
            }
        }
        if (max != Clause.UNBOUNDED && count + missing.cardinality() > max) {
            return false;
        }
        rules.budget().steps(listed.size() + dependencies.size() + anyOf.size());
        if (++steps[0] > MOST_STEPS) {
            throw GrammarException.limit("steps to find the properties of an object", MOST_STEPS);
        }
        for (BitSet some : anyOf) {
            if (!all.intersects(some)) {
                for (int i = some.nextSetBit(0); i >= 0; i = some.nextSetBit(i + 1)) {
                    BitSet more = (BitSet) all.clone();
                    more.set(i);
                    if (canEnd(seen, count, more, steps)) {
                        return true;
                    }
                }
                return false;
            }
        }
        return true;
    }

    /// The properties that must be there if some are.
    private BitSet closure(BitSet some) {
        BitSet all = (BitSet) some.clone();
        int before = -1;
        while (all.cardinality() != before) {
            before = all.cardinality();
            rules.budget().steps(dependencies.size() + 1L);
            for (Dependency dependency : dependencies) {
                if (all.get(dependency.of)) {
                    all.or(dependency.required);
                }
            }
        }
        return all;
    }

    @Override
    public void begin(Steps to, Nonterminal rule, State after) {
        owner = rule;
        end = after;
        to.lexeme(marks.openObject(), state(Phase.OPEN, new BitSet(), 0, NONE));
    }

    private State state(Phase phase, BitSet seen, int count, int property) {
        int counted = min == 0 && max == Clause.UNBOUNDED ? 0
                : Math.min(count, Math.max(min, max == Clause.UNBOUNDED ? 0 : max));
        Key key = new Key(phase, seen, counted, property);
        State known = states.get(key);
        if (known == null) {
            known = new ObjectState(key);
            states.put(key, known);
        }
        return known;
    }

    private final class ObjectState extends State {
        private final Key key;

        ObjectState(Key key) {
            super(rules, owner);
            this.key = key;
        }

        @Override
        protected void expand(Steps to) {
            switch (key.phase) {
                case COLON -> to.lexeme(marks.colon(), state(Phase.VALUE, key.seen, key.count, key.property));
                case VALUE -> property().value.addTo(to, state(Phase.AFTER, key.seen, key.count + 1, NONE));
                case KEY -> keys(to);
                case OPEN -> {
                    close(to);
                    keys(to);
                }
                case AFTER -> {
                    close(to);
                    Steps keys = new Steps();
                    keys(keys);
                    if (!keys.isEmpty()) {
                        to.lexeme(marks.comma(), state(Phase.KEY, key.seen, key.count, NONE));
                    }
                }
                default -> throw new IllegalStateException(key.phase.name());
            }
        }

        private Property property() {
            return key.property < listed.size() ? listed.get(key.property)
                    : others.get(key.property - listed.size());
        }

        private void close(Steps to) {
            if (key.count >= min && hasNeeded()) {
                to.lexeme(marks.closeObject(), end);
            }
        }

        private boolean hasNeeded() {
            return missing(key.seen).isEmpty() && anyOf.stream().allMatch(key.seen::intersects);
        }

        /// The names that leave room for those that are missing.
        private void keys(Steps to) {
            for (int i = 0; i < listed.size(); i++) {
                if (!key.seen.get(i) && canFollow(i, key.seen)) {
                    BitSet seen = (BitSet) key.seen.clone();
                    seen.set(i);
                    if (leavesRoom(seen)) {
                        if (isOrdered && dependencies.isEmpty() && anyOf.isEmpty()) {
                            // The rest depends on the last one alone.
                            seen.set(0, i);
                        }
                        to.lexeme(listed.get(i).key, state(Phase.COLON, seen, key.count, i));
                    }
                    if (isOrdered && required.get(i)) {
                        // What follows would leave it out.
                        break;
                    }
                }
            }
            if (!others.isEmpty() && leavesRoom(key.seen) && (!isOrdered || hasNeeded())) {
                BitSet seen = (BitSet) key.seen.clone();
                // In order, no listed property follows others.
                seen.set(0, isOrdered ? listed.size() : 0);
                for (int i = 0; i < others.size(); i++) {
                    if (others.get(i).value.isProductive) {
                        to.lexeme(others.get(i).key, state(Phase.COLON, seen, key.count, listed.size() + i));
                    }
                }
            }
        }

        private boolean leavesRoom(BitSet seen) {
            if (isOrdered && others.isEmpty() && key.count + 1 + numFollowing(seen) < min) {
                return false;
            }
            return !isOrdered && max == Clause.UNBOUNDED && dependencies.isEmpty() && anyOf.isEmpty()
                    || canEnd(seen, key.count + 1);
        }
    }
}
