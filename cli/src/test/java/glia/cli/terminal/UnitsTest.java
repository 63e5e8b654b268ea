package glia.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class UnitsTest {
    @Test
    void numbersHaveUnits() {
        assertEquals("0 B", Units.bytes(0));
        assertEquals("999 B", Units.bytes(999));
        assertEquals("1.0 kB", Units.bytes(1000));
        assertEquals("98.4 MB", Units.bytes(98_362_432));
        assertEquals("1.0 GB", Units.bytes(999_960_000));
        assertEquals("9.2 EB", Units.bytes(Long.MAX_VALUE));
        assertEquals("42.3/98.4 MB", Units.bytes(42_300_000, 98_362_432));
        assertEquals("0.0/1.5 kB", Units.bytes(30, 1500));
        assertEquals("7/30 B", Units.bytes(7, 30));
        assertEquals("999", Units.count(999));
        assertEquals("49.2 K", Units.count(49_152));
        assertEquals("134.5 M", Units.count(134_515_008));
        assertEquals("1.1 B", Units.count(1_100_048_384));
        assertEquals("0.042 s", Units.seconds(0.0421));
        assertEquals("3.1 s", Units.seconds(3.14));
        assertEquals("2 min 5 s", Units.seconds(125));
        assertEquals("1 min 0 s", Units.seconds(60));
        assertEquals("1235", Units.rate(1234.6));
        assertEquals("87.3", Units.rate(87.31));
        assertEquals("4.56", Units.rate(4.56));
        assertEquals("0 tokens", Units.counted(0, "token"));
        assertEquals("1 token", Units.counted(1, "token"));
    }

    @Test
    void tablesAlignTheirColumns() {
        assertEquals("name  size  note\nabcé     1\n       100  x\n", new Table("lrl").row("name", "size", "note")
                .row("abcé", 1, "").row("", 100, "x").text(0));
        assertThrows(IllegalArgumentException.class, () -> new Table("lr").row("one"));
    }
}
