package glia.engine.grammar.schema;

import glia.engine.grammar.limit.SchemaReading;
import glia.engine.grammar.regex.CharacterEncoder;
import glia.engine.grammar.regex.NumberRegexes;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.RegexPool;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// The regular expressions of the scalars of a [Clause].
final class Scalars {
    private static final int MOST_DIGITS = 20;

    private final RegexPool pool;
    private final CharacterEncoder json;
    private final NumberRegexes numbers;
    private final Expander expander;
    private final SchemaReading reading;

    Scalars(CharacterEncoder json, NumberRegexes numbers, Expander expander, SchemaReading reading) {
        this.reading = reading;
        this.json = json;
        this.pool = json.pool();
        this.numbers = numbers;
        this.expander = expander;
    }

    /// All scalars: null, booleans, numbers and strings.
    Regex of(Clause clause) {
        List<Regex> texts = new ArrayList<>();
        if (clause.allows(Clause.NULL)) {
            texts.add(pool.literal("null"));
        }
        if (clause.allows(Clause.FALSE)) {
            texts.add(pool.literal("false"));
        }
        if (clause.allows(Clause.TRUE)) {
            texts.add(pool.literal("true"));
        }
        if (clause.allows(Clause.NUMBER)) {
            Regex all = clause.numbers.isEmpty() ? numbers.any() : pool.and(clause.numbers);
            texts.add(live(reading == SchemaReading.GENERATION ? pool.and(all, numbers.ofDigits(MOST_DIGITS)) : all));
        }
        if (clause.allows(Clause.STRING)) {
            texts.add(pool.concat(pool.literal("\""), live(string(clause)), pool.literal("\"")));
        }
        return pool.or(texts);
    }

    private Regex live(Regex regex) {
        return pool.isLive(regex) ? regex : pool.empty();
    }

    /// The strings of a clause without their quotes.
    private Regex string(Clause clause) {
        List<Regex> all = new ArrayList<>(clause.strings);
        if (clause.minLength > 0 || clause.maxLength < Clause.UNBOUNDED || all.isEmpty()) {
            all.add(pool.repeat(json.any(), clause.minLength, clause.maxLength));
        } else if (all.size() > 1 || !pool.isPlain(all.get(0))) {
            // The complement of a pattern has texts that are no strings.
            all.add(pool.star(json.any()));
        }
        return pool.and(all);
    }

    /// The strings, without quotes, that satisfy some conditions.
    Regex strings(Collection<Sub> conditions) {
        List<Regex> texts = new ArrayList<>();
        for (Clause clause : expander.expand(conditions)) {
            if (clause.allows(Clause.STRING)) {
                texts.add(string(clause));
            }
        }
        return pool.or(texts);
    }

    /// Whether a clause has a scalar.
    boolean isLive(Clause clause) {
        return pool.isLive(of(clause));
    }
}
