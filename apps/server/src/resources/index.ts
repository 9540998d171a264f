/** Every route of the API, a resource at a time. */
import * as domain from '@rapport/domain';
import { readAuditTrail } from '@rapport/projections/audit-trail/audit-trail';
import { readAuthorizedPersons } from '@rapport/projections/authorized-persons/authorized-persons';
import { countAudience, readAudience } from '@rapport/projections/audience/audience';
import { readGoals } from '@rapport/projections/goals/goals';
import { readMyData } from '@rapport/projections/my-data/my-data';
import { readCall, readMyCalls, readOrganizationCalls } from '@rapport/projections/my-support-calls/my-support-calls';
import { readOrganization } from '@rapport/projections/organization/organization';
import { readPreferences } from '@rapport/projections/preferences/preferences';
import { readServices } from '@rapport/projections/services/services';
import { readTimeline } from '@rapport/projections/timeline/timeline';
import { readWhoLooked } from '@rapport/projections/who-looked/who-looked';
import { asks, sends, type Route } from '../resource';
import { readPolicies, readPurposes } from './registers';

export const routes: { readonly [resource: string]: readonly Route[] } = {
  people: [
    sends('post', 'people', domain.AddPerson, 'Add a person'),
    sends('patch', 'people/:personId', domain.CorrectDetails, 'Correct details'),
    sends('post', 'people/:personId/contact-points', domain.AddContactPoint, 'Add a way to reach a person'),
    sends('delete', 'people/:personId/contact-points/:contactPointId', domain.RemoveContactPoint, 'Remove a way to reach a person'),
    sends('put', 'people/:personId/organizations/:organization', domain.JoinOrganization, 'A person joins an organization'),
    sends('post', 'people/:personId/organizations/:organization/leave', domain.LeaveOrganization, 'A person leaves an organization'),
    sends('post', 'people/:personId/organizations/:organization/move', domain.MoveToOrganization, 'A person moves to another organization'),
    sends('post', 'people/:personId/merge', domain.MergePeople, 'Merge a duplicate into the person it is'),
    sends('post', 'people/:personId/unmerge', domain.UnmergePerson, 'Undo a merge'),
    sends('post', 'people/:personId/leave', domain.RecordPersonLeft, 'The relationship ended'),
    sends('post', 'people/:personId/sign-ins', domain.BindSignIn, 'Bind an account'),
    sends('delete', 'people/:personId/sign-ins/:signInId', domain.RevokeSignIn, 'Revoke an account'),
    asks('people/:personId/data', readMyData, 'Every value, with its event, source and purpose'),
    asks('people/:personId/disclosures', readWhoLooked, 'Who looked'),
    asks('people/:personId/calls', readMyCalls, 'Support calls'),
    asks('people/:personId/timeline', readTimeline, 'What happened with this person'),
  ],
  organizations: [
    sends('post', 'organizations', domain.AddOrganization, 'Add an organization'),
    asks('organizations/:organizationId', readOrganization, 'An organization with its contact persons'),
    sends('put', 'organizations/:organizationId/name', domain.RenameOrganization, 'Rename an organization'),
    sends('post', 'organizations/:organizationId/relationships', domain.BeginRelationship, 'A relationship begins'),
    sends('post', 'organizations/:organizationId/relationships/:relationship/end', domain.EndRelationship, 'A relationship ends'),
    sends('put', 'organizations/:organizationId/account-owner', domain.AssignAccountOwner, 'Make a colleague responsible'),
    sends('put', 'organizations/:organizationId/visibility', domain.SetContactVisibility, 'Set what contact persons see'),
    sends('put', 'organizations/:organizationId/parent', domain.SetParent, 'Say of which organization it is a part'),
    sends('post', 'organizations/:organizationId/contact-points', domain.AddOrganizationContactPoint, 'Add an address, number or website'),
    sends(
      'delete',
      'organizations/:organizationId/contact-points/:contactPointId',
      domain.RemoveOrganizationContactPoint,
      'Remove an address, number or website',
    ),
  ],
  authorizedPersons: [
    asks('organizations/:organizationId/authorized-persons', readAuthorizedPersons, 'Who may decide for an organization'),
    sends('post', 'organizations/:organizationId/authorized-persons', domain.AppointAuthorizedPerson, 'Record whom it authorized'),
    sends(
      'post',
      'organizations/:organizationId/authorized-persons/:appointmentId/delegations',
      domain.DelegateAuthority,
      'Let another decide in one’s place',
    ),
    sends('post', 'organizations/:organizationId/authorized-persons/:appointmentId/end', domain.EndAuthority, 'End it'),
  ],
  agreements: [
    asks('organizations/:organizationId/calls', readOrganizationCalls, 'The support calls of an organization'),
    asks('organizations/:organizationId/services', readServices, 'The services of an organization'),
    sends('post', 'services-agreed', domain.RecordService, 'Record a service'),
    sends('put', 'services-agreed/:agreementId/description', domain.DescribeService, 'Describe contract, goals and situation anew'),
    sends('post', 'services-agreed/:agreementId/end', domain.EndService, 'End a service'),
    sends('post', 'service-proposals', domain.ProposeService, 'Propose a service'),
    sends('post', 'services-agreed/:agreementId/proposals', domain.ProposeServiceChange, 'Propose a change of a service'),
    sends('delete', 'services-agreed/:agreementId/proposals/:proposalId', domain.WithdrawServiceProposal, 'Withdraw a proposal'),
  ],
  preferences: [
    asks('people/:personId/preferences', readPreferences, 'What somebody wants to hear'),
    sends('post', 'people/:personId/preferences', domain.SetPreference, 'Say what somebody wants to hear'),
    sends('post', 'people/:personId/objection', domain.ObjectToMarketing, 'Object to direct marketing'),
    sends('delete', 'people/:personId/objection', domain.WithdrawObjection, 'Take the objection back'),
    sends('post', 'people/:personId/unsubscribe', domain.Unsubscribe, 'End what a message was sent for'),
    asks('audience', readAudience, 'Who may be told of a topic, and why not the others'),
    asks('audience/count', countAudience, 'How many may be told of a topic'),
  ],
  interests: [
    sends('post', 'interests/:subjectId', domain.ShowInterest, 'Note down an interest'),
    sends('delete', 'interests/:subjectId/:interestId', domain.EndInterest, 'An interest has gone'),
    asks('goals', readGoals, 'Goals and interests together'),
  ],
  conversations: [
    sends('post', 'conversations', domain.RecordConversation, 'Record a conversation'),
    sends('post', 'conversations/:conversationId/notes', domain.TakeNote, 'Take a note'),
    sends('put', 'conversations/:conversationId/notes/:noteId', domain.CorrectNote, 'Correct a note'),
    sends('post', 'conversations/:conversationId/follow-ups/:followUpId/done', domain.CompleteFollowUp, 'What was agreed was done'),
  ],
  calls: [
    sends('post', 'calls', domain.OpenCall, 'Open a call'),
    asks('calls/:callId', readCall, 'A call with its process and communication'),
    sends('put', 'calls/:callId/category', domain.CategorizeCall, 'Categorize'),
    sends('put', 'calls/:callId/assignment', domain.AssignCall, 'Assign'),
    sends('put', 'calls/:callId/status', domain.ChangeCallStatus, 'Change the status'),
    sends('post', 'calls/:callId/communications', domain.AddCommunication, 'Add what was said or written'),
    sends('post', 'calls/:callId/resolution', domain.ResolveCall, 'Resolve'),
    sends('post', 'calls/:callId/reopening', domain.ReopenCall, 'Reopen'),
    sends('post', 'calls/:callId/closing', domain.CloseCall, 'Close'),
    sends('post', 'calls/:callId/feedback', domain.GiveFeedback, 'Give feedback'),
    sends('post', 'call-history', domain.ImportCallChange, 'Import a change of a call from another service desk'),
  ],
  purposes: [
    readPurposes,
    sends('post', 'purposes', domain.DeclarePurpose, 'Declare a purpose'),
    sends('delete', 'purposes/:slug', domain.WithdrawPurpose, 'Withdraw a purpose'),
  ],
  staff: [
    sends('post', 'staff/:personId/roles', domain.GrantRole, 'Grant a role'),
    sends('delete', 'staff/:personId/roles/:role', domain.WithdrawRole, 'Withdraw a role'),
    sends('post', 'staff/:personId/trainings', domain.AttestTraining, 'Attest a confidentiality training'),
  ],
  services: [
    sends('post', 'services', domain.RegisterService, 'Register a service'),
    sends('put', 'services/:serviceId/purposes', domain.AllowPurposes, 'Allow purposes'),
  ],
  oversight: [
    readPolicies,
    sends('post', 'engagements', domain.OpenEngagement, 'Engage an auditor'),
    sends('post', 'engagements/:engagementId/end', domain.EndEngagement, 'End an engagement'),
    asks('audit-trail', readAuditTrail, 'What happened, and why it was allowed'),
  ],
};
