/*
 * Freeze, filter, restart: how the grains that depend on lost work roll back after a silo has died.
 *
 * Three grains on three silos. The silo of grain 0 dies at any time; the grain comes back on another silo at once, in a fresh life. Every
 * permanent checkpoint is the initial state, so whatever a life has sent is undone when that life ends. A message is named by the life
 * that sent it and by its receiver. The network delays it as long as it likes and delivers in any order:
 *
 *     flight --arrival--> parked --recording, a turn of the receiver--> recorded
 *
 * Two recovery coordinators work side by side and share nothing: one of them may die at any step, or only be slow. Every option of a loop
 * is one step of somebody, and every step may be delayed as long as one likes: that is how pauses come in.
 *
 * Properties, in every reachable state or at the end of every run:
 *   R1  when nothing can happen any more, no ledger holds a message of a life that has ended, and nobody is frozen
 *   R2  no message is recorded while the filter against it is in place at the silo of its receiver
 *   R3  a frozen grain sends nothing
 *   R4  a grain rolls back at most once per fault
 *   R5  when a closed set starts to restart, whoever has received a message that the set undoes has stopped
 *   R6  every run ends (no cycle of states)
 *
 * Each variant in variants.txt breaks one rule.
 */

#ifndef SENDS
#define SENDS 3            /* how many messages a run sends */
#endif
#ifndef COORDINATORS
#define COORDINATORS 2
#endif
#ifndef DEATHS
#define DEATHS 1           /* how many coordinators may die */
#endif

#define GRAINS  3
#define SILOS   3
#define NOWHERE 3          /* where a grain is while it moves */
#define LIVES   4          /* of a grain, at most */

/* A set of lives is a mask with one bit for each life of each grain. */
#define LifeOf(g, l)  (1 << ((g) * LIVES + (l)))
#define Now(g)        LifeOf(g, life[g])
#define AllOf(g)      (15 << ((g) * LIVES))
#define PastOf(g)     ((Now(g) - 1) & AllOf(g))

short flight[GRAINS];      /* on its way to this grain, by the life that sent it */
short parked[GRAINS];      /* arrived, waits for a turn of the grain */
short recorded[GRAINS];    /* the ledger: received since the checkpoint */
byte  life[GRAINS];
byte  silo[GRAINS];
bool  frozen[GRAINS];
bool  reported[GRAINS];    /* found to be an orphan; the report is repeated until it has rolled back */
byte  rollbacks[GRAINS];

short learned[4];          /* ended lives that this silo was told of */
short filter[4];           /* those of them that are installed: their messages are dropped here */
bool  mustTest[4];         /* installed something, and has not tested its grains since */
bool  down[4];

short endedByFault;        /* what anybody hears who asks a fresh life about its past */
byte  faults;
byte  sends = SENDS;
byte  deaths = DEATHS;
bool  hasMoved;

/* Names in assertions, so that a counterexample says which property it breaks. */
#ifdef WITHOUT_R2
#define CheckR2 false
#else
#define CheckR2 true
#endif
#ifdef WITHOUT_R3
#define CheckR3 false
#else
#define CheckR3 true
#endif
bool R1 = true, R2 = CheckR2, R3 = CheckR3, R4 = true, R5 = true;

#define IsAnywhere(g)  (silo[g] != NOWHERE)

#ifdef NO_FILTER
#define Drops(g, i)         false
#else
#define Drops(g, i)         (filter[silo[g]] & (1 << (i)))
#endif
#ifdef FILTER_AT_ARRIVAL_ONLY
#define DropsAtTurn(g, i)   false
#else
#define DropsAtTurn(g, i)   Drops(g, i)
#endif
#ifdef FROZEN_GRAINS_SEND
#define MaySend(g)          IsAnywhere(g)
#else
#define MaySend(g)          (IsAnywhere(g) && !frozen[g])
#endif
#ifdef FROZEN_GRAINS_RECEIVE
#define MayReceive(g)       IsAnywhere(g)
#else
#define MayReceive(g)       (IsAnywhere(g) && !frozen[g])
#endif

/* ------------------------------------------------------------------ the computation */

#define SEND(from, to) \
    :: atomic { sends > 0 && MaySend(from) && !(flight[to] & Now(from)) -> \
        assert(!frozen[from] || !R3); flight[to] = flight[to] | Now(from); sends--; \
        printf("grain %d, life %d, sends to %d\n", from, life[from], to) }

#define ARRIVE(g, i) \
    :: atomic { IsAnywhere(g) && (flight[g] & (1 << (i))) -> \
        flight[g] = flight[g] & ~(1 << (i)); \
        printf("a message of grain %d, life %d, arrives at %d\n", (i) / LIVES, (i) % LIVES, g); \
        if :: Drops(g, i) :: else -> parked[g] = parked[g] | (1 << (i)) fi }

#define RECEIVE(g, i) \
    :: atomic { MayReceive(g) && (parked[g] & (1 << (i))) -> \
        parked[g] = parked[g] & ~(1 << (i)); \
        if \
        :: DropsAtTurn(g, i) \
        :: else -> \
            printf("grain %d receives from %d, life %d\n", g, (i) / LIVES, (i) % LIVES); \
            assert(!(filter[silo[g]] & (1 << (i))) || !R2); \
            recorded[g] = recorded[g] | (1 << (i)) \
        fi }

#define ARRIVALS(g, from)  ARRIVE(g, from * 4) ARRIVE(g, from * 4 + 1) ARRIVE(g, from * 4 + 2)
#define TURNS(g, from)     RECEIVE(g, from * 4) RECEIVE(g, from * 4 + 1) RECEIVE(g, from * 4 + 2)

/* ------------------------------------------------------------------ faults */

inline StartFreshLife(g) {
    life[g] = life[g] + 1;
    assert(life[g] < LIVES);
    recorded[g] = 0;
    frozen[g] = false;
    reported[g] = false
}

/* The silo dies with the one grain that it carries, and with what is parked there. */
inline Die(g, at) {
    printf("silo %d dies with grain %d, life %d\n", at, g, life[g]);
    faults++;
    down[at] = true;
    mustTest[at] = false;
    endedByFault = endedByFault | Now(g);
    parked[g] = 0;
    silo[g] = 1;
    StartFreshLife(g)
}

/* ------------------------------------------------------------------ silo agents */

inline Test(g, s, ended) {
    if :: silo[g] == s && (recorded[g] & (ended)) -> reported[g] = true; printf("grain %d is found to be an orphan\n", g) :: else fi
}

#define TESTS(s, ended) \
    Test(0, s, ended); Test(1, s, ended); Test(2, s, ended)

/* Notices the death, and asks the fresh life. */
#define NOTICE(s) \
    :: atomic { !down[s] && !mustTest[s] && (endedByFault & ~learned[s]) -> learned[s] = learned[s] | endedByFault; \
        printf("silo %d notices the death\n", s) }

/* First installs, then tests: in two steps, with anything in between. */
#ifdef TEST_BEFORE_FILTER
#define INSTALL_AND_TEST(s) \
    :: atomic { !down[s] && !mustTest[s] && (learned[s] & ~filter[s]) -> printf("silo %d tests its grains\n", s); TESTS(s, learned[s]); mustTest[s] = true } \
    :: atomic { !down[s] && mustTest[s] -> filter[s] = learned[s]; mustTest[s] = false; printf("silo %d installs its filter\n", s) }
#else
#define INSTALL_AND_TEST(s) \
    :: atomic { !down[s] && (learned[s] & ~filter[s]) -> filter[s] = learned[s]; mustTest[s] = true; printf("silo %d installs its filter\n", s) } \
    :: atomic { !down[s] && mustTest[s] -> printf("silo %d tests its grains\n", s); TESTS(s, filter[s]); mustTest[s] = false }
#endif

/* ------------------------------------------------------------------ a grain that moves, with a live image */

/* Its peers answer for themselves: a frozen one leaves out the life that is being undone. */
#define EndedOrFrozen \
    (PastOf(0) | PastOf(1) | PastOf(2) | (frozen[0] -> Now(0) : 0) | (frozen[1] -> Now(1) : 0) | (frozen[2] -> Now(2) : 0))

#ifdef MOVED_GRAIN_DOES_NOT_ASK
#define HeardFromPeers  0
#else
#define HeardFromPeers  EndedOrFrozen
#endif

inline Leave() {
    printf("grain 2 leaves its silo\n");
    hasMoved = true;
    silo[2] = NOWHERE;
    flight[2] = flight[2] | parked[2];
    parked[2] = 0
}

inline Settle() {
    printf("grain 2 settles on silo 1\n");
    silo[2] = 1;
    learned[1] = learned[1] | (recorded[2] & HeardFromPeers);
    Test(2, 1, learned[1])
}

active proctype World() {
    atomic { silo[0] = 0; silo[1] = 1; silo[2] = 2 }
end:
    do
    SEND(0, 1) SEND(0, 2) SEND(1, 0) SEND(1, 2) SEND(2, 0) SEND(2, 1)
    ARRIVALS(0, 1) ARRIVALS(0, 2) ARRIVALS(1, 0) ARRIVALS(1, 2) ARRIVALS(2, 0) ARRIVALS(2, 1)
    TURNS(0, 1) TURNS(0, 2) TURNS(1, 0) TURNS(1, 2) TURNS(2, 0) TURNS(2, 1)
    NOTICE(1) NOTICE(2)
    INSTALL_AND_TEST(1) INSTALL_AND_TEST(2)
    :: atomic { !down[0] -> Die(0, 0) }
#ifdef SECOND_FAULT
    :: atomic { faults == 1 && silo[2] == 2 -> Die(2, 2) }
#endif
#ifdef MOVE
    :: atomic { !hasMoved && silo[2] == 2 && !frozen[2] -> Leave() }
    :: atomic { silo[2] == NOWHERE && !mustTest[1] -> Settle() }
#endif
    od
}

/* ------------------------------------------------------------------ recovery coordinators */

/* With the report travels the evidence: all that the silo knows to have ended. From there it goes to every silo. */
#if defined(EVIDENCE_STAYS)
#define EvidenceOf(g)  0
#elif defined(EVIDENCE_IS_THE_NEAREST_CAUSE)
#define EvidenceOf(g)  (recorded[g] & learned[silo[g]])
#else
#define EvidenceOf(g)  learned[silo[g]]
#endif

/* A frozen grain reports itself again and again: its coordinator may be dead. */
#ifdef REPORTED_ONCE
#define ForgetReport(g)  reported[g] = false
#else
#define ForgetReport(g)  skip
#endif

#define FREEZE(g) \
    :: atomic { !isRestarting && reported[g] && IsAnywhere(g) && !(set & Now(g)) -> \
        printf("coordinator %d freezes grain %d, life %d\n", _pid, g, life[g]); \
        frozen[g] = true; \
        ForgetReport(g); \
        set = set | Now(g); \
        facts = facts | Now(g) | EvidenceOf(g) }

#define Tell(s)         learned[s] = learned[s] | (down[s] -> 0 : facts)
#define IsToldAt(s)     (down[s] || !(facts & ~learned[s]))
#ifdef TELLS_FOR_EVER
#define HasToTell       true
#else
#define HasToTell       !(IsToldAt(1) && IsToldAt(2))
#endif
#define HasTested(s)    (down[s] || (!(facts & ~filter[s]) && !mustTest[s]))

/* A grain on its way counts as being where it came from, until it has settled. */
#ifdef MOVING_GRAIN_IS_FORGOTTEN
#define AllHaveAnswered (HasTested(1) && HasTested(2))
#else
#define AllHaveAnswered (HasTested(1) && HasTested(2) && IsAnywhere(2))
#endif

/* What the answers of the silos name, and is not frozen yet. */
#define IsNew(g)        (reported[g] && (recorded[g] & facts) && !(set & Now(g)))

#ifdef RESTART_BEFORE_CLOSURE
#define IsClosed        true
#else
#define IsClosed        (AllHaveAnswered && !IsNew(0) && !IsNew(1) && !IsNew(2))
#endif

#define HasStopped(g)   (frozen[g] || !IsAnywhere(g) || !(recorded[g] & set))

/* Told to restart a life that is no longer there, or not frozen, a grain does nothing. */
#define RESTART(g) \
    :: atomic { isRestarting && (set & AllOf(g)) -> \
        if \
        :: frozen[g] && (set & Now(g)) -> \
            printf("coordinator %d restarts grain %d\n", _pid, g); \
            StartFreshLife(g); \
            rollbacks[g]++; \
            assert(rollbacks[g] <= faults || !R4) \
        :: else \
        fi; \
        set = set & ~AllOf(g) }

active [COORDINATORS] proctype Coordinator() {
    short set;             /* the lives that it rolls back */
    short facts;           /* and what every silo has to know of before anybody restarts */
    bool isRestarting;
end:
    do
    FREEZE(0) FREEZE(1) FREEZE(2)
    :: atomic { set && !isRestarting && !mustTest[1] && !mustTest[2] && HasToTell ->
        printf("coordinator %d tells all silos\n", _pid);
        Tell(1);
        Tell(2)
       }
    :: atomic { set && !isRestarting && IsToldAt(1) && IsToldAt(2) && IsClosed ->
        isRestarting = true;
        assert((HasStopped(0) && HasStopped(1) && HasStopped(2)) || !R5)
       }
    RESTART(0) RESTART(1) RESTART(2)
    :: atomic { isRestarting && !set -> isRestarting = false; facts = 0 }
    :: atomic { set && deaths > 0 -> printf("coordinator %d dies\n", _pid); deaths--; set = 0; facts = 0; isRestarting = false; break }
    od
}

/* ------------------------------------------------------------------ the end of a run */

#define IsOrphan(g)  (recorded[g] & (PastOf(0) | PastOf(1) | PastOf(2)))

active proctype Monitor() {
    timeout ->
        assert((!frozen[0] && !frozen[1] && !frozen[2]) || !R1);
        assert((!IsOrphan(0) && !IsOrphan(1) && !IsOrphan(2)) || !R1)
}
