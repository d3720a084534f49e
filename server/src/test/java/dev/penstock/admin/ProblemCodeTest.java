package dev.penstock.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

final class ProblemCodeTest {
    @Test
    void everyCodeHasASectionThatSaysItsStatus() throws IOException {
        Path page = Path.of(System.getProperty("penstock.basedir"), "docs/reference/errors.md");
        List<String> lines = Files.readAllLines(page);
        Set<String> sections = new TreeSet<>();
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).startsWith("## ")) {
                String status = lines.get(i + 1).substring(0, 3);
                sections.add(lines.get(i).substring(3) + " " + status);
            }
        }
        Set<String> codes = new TreeSet<>();
        for (ProblemCode code : ProblemCode.values()) {
            String type = code.type();
            codes.add(type.substring(type.indexOf('#') + 1) + " " + code.status());
        }
        assertEquals(codes, sections);
    }
}
