/** The view of who may do what: how current it is, and that nothing is decided on an old one. */
import { GrantRole, OpenCall, RecordPersonLeft, RevokeSignIn, WithdrawRole } from '@rapport/domain';
import { ISSUER, World } from './world';

describe('The view of who may do what', () => {
  let world: World;
  let sam: string;
  let alice: string;
  beforeEach(async () => {
    world = await World.open();
    sam = await world.colleague('sam', 'support', 'sales');
    alice = await world.person('alice');
    await world.colleague('petra', 'privacy-officer', 'administrator');
  });
  afterEach(() => world.close());

  const open = () => world.send(world.as('sam'), OpenCall, { caller: alice, medium: 'portal', subject: 'x' });

  it('has applied a role by the time that giving or taking it is answered', async () => {
    for (const role of ['support', 'sales'] as const) await world.send(world.as('petra'), WithdrawRole, { personId: sam, role });
    expect(world.as('sam')).toMatchObject({ kind: 'person', roles: [] });
    await world.send(world.as('petra'), GrantRole, { personId: sam, role: 'support' });
    expect(await open()).toMatchObject({ created: true });
  });

  it('is asked when the command is decided, not when it came in', async () => {
    const before = world.as('sam');
    await world.send(world.as('petra'), WithdrawRole, { personId: sam, role: 'support' });
    const opening = world.send(before, OpenCall, { caller: alice, medium: 'portal', subject: 'x' });
    await expect(opening).rejects.toMatchObject({ name: 'Forbidden', reason: 'not-allowed' });
    world.now = '2027-03-02T00:00:00.000Z';
    await world.send(world.as('petra'), GrantRole, { personId: sam, role: 'support' });
    await expect(open()).rejects.toMatchObject({ reason: 'training-missing' });
  });

  it('lets nobody in by a sign-in that was revoked, nor anybody who left', async () => {
    const [, bound] = await world.line.real.readStream(`person-${alice}`);
    await world.send(world.as('petra'), RevokeSignIn, { personId: alice, signInId: bound!.data['signInId'] as string });
    expect(() => world.as('alice')).toThrow('Nobody signs in as alice.');
    await world.send(world.as('sam'), RecordPersonLeft, { personId: sam });
    expect(() => world.as('sam')).toThrow('Nobody signs in as sam.');
    const granting = world.send(world.as('petra'), GrantRole, { personId: sam, role: 'support' });
    await expect(granting).rejects.toMatchObject({ refusal: { code: 'colleague-left' } });
  });

  it('is as old as the last news of the store', async () => {
    expect(world.authorities.isFresh).toBe(true);
    world.monotonic += 10_001;
    expect(world.authorities.isFresh).toBe(false);
    await world.person('dora');
    expect(world.authorities.isFresh).toBe(true);
  });

  it('is the same when it is read anew', async () => {
    const anew = world.newAuthorities();
    await anew.start();
    for (const subject of ['sam', 'petra', 'alice']) {
      expect(anew.principal({ issuer: ISSUER, subject }, world.now)).toEqual(world.as(subject));
    }
    await anew.stop();
  });
});
