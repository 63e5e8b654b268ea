package glia.engine.grammar.regex;

import glia.engine.grammar.limit.GrammarBudget;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import glia.engine.grammar.regex.Regex.ByteSet;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Makes regular expressions and their derivatives. The derivative of `r` by a byte `b` matches the texts `t` for which
/// `r` matches `b t` ([Brzozowski 1964](https://doi.org/10.1145/321239.321249)), so an automaton needs no construction:
/// its states are expressions, made as they are reached. Not thread-safe.
public final class RegexPool {
    /// Memory of an expression without its parts and text.
    private static final int NODE_BYTES = 150;

    private final GrammarBudget budget = GrammarBudget.current();
    private final Map<Regex, Regex> nodes = new HashMap<>();
    private final Regex empty = intern(Regex.leaf(Regex.Kind.EMPTY));
    private final Regex epsilon = intern(Regex.leaf(Regex.Kind.EPSILON));
    private final Regex all = intern(Regex.node(Regex.Kind.NOT, empty));
    private final ByteClasses classes = new ByteClasses();

    private Regex intern(Regex node) {
        budget.steps(1 + node.parts.length);
        Regex known = nodes.get(node);
        if (known != null) {
            return known;
        }
        if (nodes.size() >= GrammarLimits.REGEX_NODES) {
            throw GrammarException.limit("nodes of regular expressions", GrammarLimits.REGEX_NODES);
        }
        budget.bytes(NODE_BYTES + 4L * node.parts.length + (node.text == null ? 0 : node.text.length()));
        node.id = nodes.size();
        nodes.put(node, node);
        if (node.kind == Regex.Kind.SET) {
            classes.split(node.set);
        } else if (node.kind == Regex.Kind.LITERAL) {
            classes.separate(node.text.charAt(0));
        } else if (node.kind == Regex.Kind.DIGITS) {
            for (char c : "-.0123456789".toCharArray()) {
                classes.separate(c);
            }
        }
        return node;
    }

    /// What is left to compile the grammar, or to compute a mask.
    public GrammarBudget budget() {
        return budget;
    }

    /// The class of a byte: bytes of one class have the same derivatives of all expressions so far.
    public int byteClass(int value) {
        return classes.of(value);
    }

    /// Matches nothing.
    public Regex empty() {
        return empty;
    }

    /// Matches the empty text.
    public Regex epsilon() {
        return epsilon;
    }

    /// Matches one byte of a range.
    public Regex range(int first, int last) {
        return set(ByteSet.range(first, last));
    }

    Regex set(ByteSet set) {
        return set.isEmpty() ? empty : intern(Regex.set(set));
    }

    /// Matches one of the bytes of a text.
    public Regex anyOf(String latin1) {
        ByteSet set = ByteSet.NONE;
        for (int i = 0; i < latin1.length(); i++) {
            set = set.or(ByteSet.of(latin1.charAt(i)));
        }
        return set(set);
    }

    /// Matches the UTF-8 of a text.
    public Regex literal(String text) {
        return bytes(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
    }

    /// Matches a text, its bytes as Latin-1.
    Regex bytes(String latin1) {
        if (latin1.length() <= Texts.LITERAL_BYTES) {
            return latin1.isEmpty() ? epsilon : intern(Regex.literal(latin1));
        }
        return Texts.chain(latin1, this);
    }

    /// Matches a text of at most [Texts#LITERAL_BYTES] and then another expression, as it is.
    Regex chained(String latin1, Regex then) {
        Regex part = bytes(latin1);
        return then == epsilon ? part : intern(Regex.node(Regex.Kind.CONCAT, part, then));
    }

    /// Matches one after the other.
    public Regex concat(Regex... parts) {
        Regex all = epsilon;
        for (int i = parts.length - 1; i >= 0; i--) {
            all = concat(parts[i], all);
        }
        return all;
    }

    private Regex concat(Regex a, Regex b) {
        if (a == empty || b == empty) {
            return empty;
        }
        if (a == epsilon) {
            return b;
        }
        if (b == epsilon) {
            return a;
        }
        if (a.kind == Regex.Kind.CONCAT) {
            List<Regex> chain = new ArrayList<>();
            Regex last = a;
            for (; last.kind == Regex.Kind.CONCAT; last = last.parts[1]) {
                budget.step();
                chain.add(last.parts[0]);
            }
            Regex all = concat(last, b);
            for (Regex part : chain.reversed()) {
                all = concat(part, all);
            }
            return all;
        }
        if (joins(a, b)) {
            return bytes(a.text + b.text);
        }
        if (b.kind == Regex.Kind.CONCAT && joins(a, b.parts[0])) {
            return concat(bytes(a.text + b.parts[0].text), b.parts[1]);
        }
        return intern(Regex.node(Regex.Kind.CONCAT, a, b));
    }

    /// Matches one of some texts, as UTF-8.
    public Regex texts(Collection<String> texts) {
        return Texts.of(texts, this);
    }

    private static boolean joins(Regex a, Regex b) {
        return a.kind == Regex.Kind.LITERAL && b.kind == Regex.Kind.LITERAL
                && a.text.length() + b.text.length() <= Texts.LITERAL_BYTES;
    }

    /// Matches what one of the parts matches.
    public Regex or(Collection<Regex> parts) {
        return or(parts.toArray(Regex[]::new));
    }

    /// Matches what one of the parts matches.
    public Regex or(Regex... parts) {
        List<Regex> flat = new ArrayList<>(parts.length);
        ByteSet set = ByteSet.NONE;
        for (Regex part : parts) {
            for (Regex one : part.kind == Regex.Kind.OR ? part.parts : new Regex[] {part}) {
                if (one == all) {
                    return all;
                }
                if (one.kind == Regex.Kind.SET) {
                    set = set.or(one.set);
                } else if (one != empty) {
                    flat.add(one);
                }
            }
        }
        if (!set.isEmpty()) {
            flat.add(set(set));
        }
        budget.steps(flat.size());
        Regex[] sorted = Regex.distinct(flat);
        return sorted.length == 0 ? empty : sorted.length == 1 ? sorted[0]
                : intern(Regex.node(Regex.Kind.OR, sorted));
    }

    /// Matches what all parts match.
    public Regex and(Collection<Regex> parts) {
        return and(parts.toArray(Regex[]::new));
    }

    /// Matches what all parts match.
    public Regex and(Regex... parts) {
        List<Regex> flat = new ArrayList<>(parts.length);
        for (Regex part : parts) {
            for (Regex one : part.kind == Regex.Kind.AND ? part.parts : new Regex[] {part}) {
                if (one == empty) {
                    return empty;
                }
                if (one != all) {
                    flat.add(one);
                }
            }
        }
        budget.steps(flat.size());
        Regex[] sorted = Regex.distinct(flat);
        if (sorted.length <= 1) {
            return sorted.length == 0 ? all : sorted[0];
        }
        for (Regex one : sorted) {
            if (Texts.isFinite(one)) {
                return Texts.filtered(one, sorted, this);
            }
        }
        return intern(Regex.node(Regex.Kind.AND, sorted));
    }

    /// Matches what the part does not match.
    public Regex not(Regex part) {
        return part.kind == Regex.Kind.NOT ? part.parts[0] : intern(Regex.node(Regex.Kind.NOT, part));
    }

    /// Matches `min` to `max` repetitions.
    public Regex repeat(Regex part, int min, int max) {
        if (part == empty) {
            return min == 0 ? epsilon : empty;
        }
        if (part == epsilon || max == 0) {
            return epsilon;
        }
        int least = part.isNullable ? 0 : min;
        if (least == 1 && max == 1) {
            return part;
        }
        return intern(Regex.repeat(part, least, max));
    }

    /// Matches any number of repetitions.
    public Regex star(Regex part) {
        return repeat(part, 0, Regex.UNBOUNDED);
    }

    /// Matches the part or nothing.
    public Regex optional(Regex part) {
        return or(part, epsilon);
    }

    /// Matches decimal numbers without exponent that are multiples of a number; empty if it has too many digits.
    public Optional<Regex> multipleOf(BigDecimal factor) {
        MultipleOf digits = MultipleOf.of(factor);
        return digits == null ? Optional.empty() : Optional.of(intern(Regex.digits(digits, digits.start())));
    }

    /// The derivative by a byte.
    public Regex derivative(Regex node, int value) {
        budget.step();
        switch (node.kind) {
            case EMPTY, EPSILON -> {
                return empty;
            }
            case SET -> {
                return node.set.has(value) ? epsilon : empty;
            }
            case LITERAL -> {
                return node.text.charAt(0) == value ? bytes(node.text.substring(1)) : empty;
            }
            case DIGITS -> {
                int state = node.digits.step(node.min, value);
                return state < 0 ? empty : intern(Regex.digits(node.digits, state));
            }
            default -> {
                Regex known = node.next(value);
                if (known == null) {
                    known = compute(node, value);
                    budget.bytes(node.nextBytes());
                    node.next(value, known);
                }
                return known;
            }
        }
    }

    private Regex compute(Regex node, int value) {
        Regex[] parts = node.parts;
        return switch (node.kind) {
            case CONCAT -> {
                Regex first = concat(derivative(parts[0], value), parts[1]);
                yield parts[0].isNullable ? or(first, derivative(parts[1], value)) : first;
            }
            case OR -> or(derivatives(parts, value));
            case AND -> and(derivatives(parts, value));
            case NOT -> not(derivative(parts[0], value));
            case REPEAT -> {
                Regex rest = repeat(parts[0], Math.max(0, node.min - 1),
                        node.max == Regex.UNBOUNDED ? Regex.UNBOUNDED : node.max - 1);
                yield concat(derivative(parts[0], value), rest);
            }
            default -> throw new IllegalStateException(node.kind.name());
        };
    }

    private Regex[] derivatives(Regex[] parts, int value) {
        Regex[] each = new Regex[parts.length];
        int n = 0;
        for (Regex part : parts) {
            each[n++] = derivative(part, value);
        }
        return each;
    }

    /// Whether a text, its bytes as Latin-1, matches.
    public boolean matches(Regex node, String latin1) {
        Regex state = node;
        for (int i = 0; i < latin1.length() && state != empty; i++) {
            state = derivative(state, latin1.charAt(i));
        }
        return state.isNullable;
    }

    /// Whether an expression is free of intersections and complements.
    public boolean isPlain(Regex node) {
        return !node.needsSearch;
    }

    /// Whether any text matches.
    public boolean isLive(Regex node) {
        if (node.live == 0) {
            node.live = (byte) (decide(node) ? 1 : -1);
        }
        return node.live > 0;
    }

    private boolean decide(Regex node) {
        if (node == empty || node.isNullable || !node.needsSearch) {
            return node != empty;
        }
        if (node.kind == Regex.Kind.CONCAT) {
            return isLive(node.parts[0]) && isLive(node.parts[1]);
        }
        if (node.kind == Regex.Kind.OR) {
            return Arrays.stream(node.parts).anyMatch(this::isLive);
        }
        return node.kind == Regex.Kind.REPEAT ? isLive(node.parts[0]) : search(node);
    }

    /// Searches the derivatives for one that matches the empty text.
    private boolean search(Regex node) {
        Set<Regex> seen = new HashSet<>(Set.of(node));
        ArrayDeque<Regex> queue = new ArrayDeque<>(seen);
        while (!queue.isEmpty()) {
            Regex state = queue.poll();
            int[] bytes = classes.representatives();
            for (int value : bytes) {
                Regex next = derivative(state, value);
                if (next == empty || next.live < 0) {
                    continue;
                }
                if (next.isNullable || next.live > 0 || !next.needsSearch) {
                    return true;
                }
                if (seen.add(next)) {
                    queue.add(next);
                    if (seen.size() > GrammarLimits.SEARCH_NODES) {
                        throw GrammarException.limit("steps to find a text that matches", GrammarLimits.SEARCH_NODES);
                    }
                }
            }
        }
        seen.forEach(dead -> dead.live = -1);
        return false;
    }

    /// The bounds of a state within a counted JSON string: `{min, max}` where the rest of the text is `part{min,max}`
    /// and then `end`; null for other states.
    public int[] counted(Regex node, Regex part, Regex end) {
        if (node == end) {
            return new int[] {0, 0};
        }
        if (node.kind != Regex.Kind.CONCAT || node.parts[1] != end) {
            return null;
        }
        Regex first = node.parts[0];
        if (first == part) {
            return new int[] {1, 1};
        }
        return first.kind == Regex.Kind.REPEAT && first.parts[0] == part ? new int[] {first.min, first.max} : null;
    }
}
