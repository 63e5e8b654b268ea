package glia.reason.reward.math;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// A polynomial with exact coefficients: a sum of monomials over generators, which are symbols, π, e, i and roots of
/// primes. Equal polynomials have equal terms, so comparison is exact.
///
/// Exponents are fractions. The generator `√p` of a prime p is p with an exponent in (0, 1); whole powers of a prime
/// are part of the coefficient, and i² = −1. The size is bounded.
///
/// @param terms coefficients by monomial, none of them zero; a monomial maps generators to exponents other than zero
record Polynomial(Map<Map<String, Rational>, Rational> terms) {
    /// The imaginary unit.
    static final String I = "\\i";
    /// Generators that begin so are primes.
    static final String PRIME = "#";
    static final Polynomial ZERO = new Polynomial(Map.of());
    static final Polynomial ONE = of(Rational.ONE);
    private static final int MAX_TERMS = 400;
    private static final int MAX_PRODUCTS = 20_000;

    static Polynomial of(Rational value) {
        return value.isZero() ? ZERO : new Polynomial(Map.of(Map.of(), value));
    }

    static Polynomial of(String generator, Rational exponent) {
        Map<Map<String, Rational>, Rational> terms = new HashMap<>();
        add(terms, Map.of(generator, exponent), Rational.ONE);
        return new Polynomial(terms);
    }

    boolean isZero() {
        return terms.isEmpty();
    }

    /// Whether this is a number without generators.
    boolean isRational() {
        return terms.isEmpty() || terms.size() == 1 && terms.containsKey(Map.of());
    }

    /// The number that this is.
    Rational rational() {
        return terms.getOrDefault(Map.of(), Rational.ZERO);
    }

    Polynomial add(Polynomial other) {
        Map<Map<String, Rational>, Rational> sum = new HashMap<>(terms);
        other.terms.forEach((monomial, coefficient) -> add(sum, monomial, coefficient));
        return bounded(sum);
    }

    Polynomial negate() {
        return multiply(of(Rational.of(-1)));
    }

    /// @throws ArithmeticException if the product is too large
    Polynomial multiply(Polynomial other) {
        if ((long) terms.size() * other.terms.size() > MAX_PRODUCTS) {
            throw new ArithmeticException("a polynomial of too many terms");
        }
        Map<Map<String, Rational>, Rational> product = new HashMap<>();
        terms.forEach((left, a) -> other.terms.forEach((right, b) -> {
            Map<String, Rational> monomial = new TreeMap<>(left);
            right.forEach((generator, exponent) -> monomial.merge(generator, exponent, Rational::add));
            add(product, monomial, a.multiply(b));
        }));
        return bounded(product);
    }

    private static Polynomial bounded(Map<Map<String, Rational>, Rational> terms) {
        if (terms.size() > MAX_TERMS) {
            throw new ArithmeticException("a polynomial of more than " + MAX_TERMS + " terms");
        }
        return new Polynomial(terms);
    }

    private static void add(Map<Map<String, Rational>, Rational> terms, Map<String, Rational> monomial,
            Rational coefficient) {
        Map<String, Rational> reduced = new TreeMap<>();
        Rational factor = coefficient;
        for (Map.Entry<String, Rational> e : monomial.entrySet()) {
            String generator = e.getKey();
            Rational exponent = e.getValue();
            if (generator.startsWith(PRIME)) {
                int whole = Math.floorDiv(exponent.numerator().intValueExact(), exponent.denominator().intValueExact());
                factor = factor.multiply(Rational.parse(generator.substring(PRIME.length())).pow(whole));
                exponent = exponent.subtract(Rational.of(whole));
            } else if (generator.equals(I) && exponent.isInteger()) {
                int turns = exponent.numerator().mod(java.math.BigInteger.valueOf(4)).intValue();
                factor = turns >= 2 ? factor.negate() : factor;
                exponent = Rational.of(turns % 2);
            }
            if (!exponent.isZero()) {
                reduced.put(generator, exponent);
            }
        }
        Map<String, Rational> key = Collections.unmodifiableMap(reduced);
        Rational sum = terms.getOrDefault(key, Rational.ZERO).add(factor);
        if (sum.isZero()) {
            terms.remove(key);
        } else {
            terms.put(key, sum);
        }
    }

    /// A power with a non-negative exponent.
    Polynomial pow(int exponent) {
        Polynomial result = ONE;
        Polynomial square = this;
        for (int n = exponent; n > 0; n >>= 1) {
            result = (n & 1) == 1 ? result.multiply(square) : result;
            square = n > 1 ? square.multiply(square) : square;
        }
        return result;
    }

    /// The coefficients by power of a symbol, from 0 to the degree.
    ///
    /// @throws ArithmeticException if an exponent of the symbol is no integer in [0, 16]
    List<Polynomial> coefficients(String symbol) {
        List<Polynomial> all = new ArrayList<>(List.of(ZERO));
        for (Map.Entry<Map<String, Rational>, Rational> e : terms.entrySet()) {
            Map<String, Rational> rest = new TreeMap<>(e.getKey());
            Rational exponent = rest.containsKey(symbol) ? rest.remove(symbol) : Rational.ZERO;
            if (!exponent.isInteger() || exponent.signum() < 0 || exponent.compareTo(Rational.of(16)) > 0) {
                throw new ArithmeticException(symbol + " has the exponent " + exponent);
            }
            int n = exponent.numerator().intValue();
            while (all.size() <= n) {
                all.add(ZERO);
            }
            all.set(n, all.get(n).add(new Polynomial(Map.of(Collections.unmodifiableMap(rest), e.getValue()))));
        }
        return all;
    }
}
