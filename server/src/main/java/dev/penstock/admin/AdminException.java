package dev.penstock.admin;

import dev.penstock.control.Fault;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A request of an operator that is refused; carries the answer. */
public final class AdminException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient Problem problem;

    public AdminException(Problem problem) {
        super(problem.detail());
        this.problem = problem;
    }

    /** The answer. */
    public Problem problem() {
        return problem;
    }

    static AdminException of(ProblemCode code, String detail, @Nullable String hint) {
        return new AdminException(Problem.of(code, detail, hint));
    }

    static AdminException notFound(String detail) {
        return of(ProblemCode.NOT_FOUND, detail, null);
    }

    /** A document that is well-formed and wrong. */
    static AdminException invalid(List<Fault> faults) {
        String detail =
                faults.size() == 1
                        ? faults.getFirst().message()
                        : faults.size() + " things are wrong, see errors";
        return new AdminException(Problem.of(ProblemCode.INVALID, detail, null).withErrors(faults));
    }
}
